import { randomBytes } from 'node:crypto'
import { DynamoSessionStore } from 'dynamo-session-store/express'

/** Begins the ids of sessions in DynamoDB. Ids of express-session have no dot. */
const MARK = 'dynamo.'

/** Makes the id of a session in DynamoDB. */
export function newId() {
  return MARK + randomBytes(32).toString('base64url')
}

/** Keeps sessions with a new id in DynamoDB, and all other sessions in the old store. */
export class MovingStore extends DynamoSessionStore {
  #old

  /** @param {import('express-session').Store} old the store that the application has now */
  constructor(old) {
    super()
    this.#old = old
  }

  /** @override @returns {any} */
  get(id, callback) {
    return id.startsWith(MARK) ? super.get(id, callback) : this.#old.get(id, callback)
  }

  /** @override @returns {any} */
  set(id, session, callback) {
    return id.startsWith(MARK) ? super.set(id, session, callback) : this.#old.set(id, session, callback)
  }

  /** @override @returns {any} */
  touch(id, session, callback) {
    if (id.startsWith(MARK)) return super.touch(id, session, callback)
    return this.#old.touch ? this.#old.touch(id, session, callback) : callback?.()
  }

  /** @override @returns {any} */
  destroy(id, callback) {
    return id.startsWith(MARK) ? super.destroy(id, callback) : this.#old.destroy(id, callback)
  }
}
