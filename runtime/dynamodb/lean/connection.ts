import { Client, type Dispatcher } from 'undici'
import type { Answer } from './answer.js'

/** A connection of undici's pool, which tells an answer how to close it: undici itself closes none after a whole answer. */
export class Connection extends Client {
  #socket: Destroyable | undefined

  constructor(origin: URL, { connect, ...options }: Client.Options) {
    super(origin, {
      ...options,
      connect: (to, done) => {
        if (typeof connect !== 'function') throw new TypeError('undici gives a function to the clients of its pool')
        connect(to, (...made) => {
          this.#socket = made[1] ?? undefined
          done(...made)
        })
      },
    })
  }

  /** undici wraps the handler, but hands the options on as they are. */
  override dispatch(options: Carrying, handler: Dispatcher.DispatchHandler): boolean {
    options.answer.comesOn(this.#drop)
    return super.dispatch(options, handler)
  }

  readonly #drop = (): void => void this.#socket?.destroy()
}

export interface Carrying extends Dispatcher.DispatchOptions {
  readonly answer: Answer
}

interface Destroyable {
  destroy(): void
}
