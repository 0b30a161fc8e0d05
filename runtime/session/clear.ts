import { inParallel } from '../async/in-parallel.js'
import type { Configuration } from '../configuration/resolve.js'
import { recordIfSession, successorOf } from './item/session-record.js'
import type { Equals } from './requests/expression.js'
import type { DeleteResult, ItemsByKey } from './requests/items-by-key.js'
import { LONGEST_CHAIN, type SessionItems } from './requests/session-items.js'

/** How many requests for single sessions run at once. */
const WIDTH = 5

/** Deletes all sessions of this application, and no other items of the table. */
export async function clearSessions(sessions: SessionItems, configuration: Configuration): Promise<void> {
  const { tableKey } = configuration
  const items = sessions.byKey
  for await (const page of sessions.scan([tableKey, 'successor'], { withoutData: true, forwarders: true })) {
    await inParallel(page, WIDTH, async ({ [tableKey]: key, successor }) => {
      if (key?.S === undefined) return
      await deleteByKey(key.S, {}, items, configuration)
      if (successor) await items.deleteForwarder(key.S, successor)
    })
  }
}

/**
 * Deletes the session under a partition key, if its item has the form of a session and these attributes. A session that
 * moved to another id is deleted there, and the forwarder stays.
 *
 * @param kept keys of the session that stays, even if a forwarder leads to it
 * @returns whether a session was deleted
 */
export async function deleteByKey(
  partitionKey: string,
  equals: Equals,
  items: ItemsByKey,
  configuration: Configuration,
  kept: ReadonlySet<string> = new Set(),
): Promise<boolean> {
  let key: string | undefined = partitionKey
  for (let link = 0; key && !kept.has(key) && link <= LONGEST_CHAIN; link += 1) {
    const result = await deleteAt(key, equals, items, configuration)
    if (result.deleted) return true
    key = successorOf(result.current)
  }
  return false
}

async function deleteAt(
  key: string,
  equals: Equals,
  items: ItemsByKey,
  configuration: Configuration,
): Promise<DeleteResult> {
  const result = await items.delete(key, equals, { form: true })
  if (result.deleted || !result.current) return result
  // No expression can tell whether the item is a session; see is-session.ts.
  if (successorOf(result.current) !== undefined || result.current.data?.B !== undefined) return result
  if (!recordIfSession(key, result.current, { ...configuration, indexKeys: [] })) return result
  return await items.delete(key, { ...equals, data: result.current.data })
}
