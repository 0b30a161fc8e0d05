import type { History, Operation, Pause } from './history.js'

/** What still happens after an answer (koa-session touches then), and what timers are late. Milliseconds. */
const GRACE = 2000

/** Where the stored time may be ahead of the writer's clock: a minute, runtime/session/item/timestamp.ts. Milliseconds. */
const AHEAD = 60_000

/** A session from its login to its end, under all of its ids. */
export interface SessionHistory {
  readonly label: string
  readonly user: string
  /** Every request with one of its cookies, and its login, by `start`. */
  readonly operations: readonly Operation[]
  /** The request that began it. */
  readonly beginning: Operation | undefined
  /** Every hash of an id that a client was given for it. */
  readonly cookies: ReadonlySet<string>
  /** When all was over that a request did, also after its answer. */
  readonly settled: ReadonlyMap<Operation, number>
}

export function sessionsOf({ operations, pauses }: History): ReadonlyMap<string, SessionHistory> {
  const sessions = new Map<string, Mutable>()
  const settled = new Map(operations.map((one) => [one, settledBy(one, pauses)]))
  const of = (label: string, user: string) => {
    const empty = { label, user, operations: [], beginning: undefined, cookies: new Set<string>(), settled }
    const known = sessions.get(label) ?? empty
    sessions.set(label, known)
    return known
  }
  for (const operation of operations) {
    const { label, newLabel, newCookie, client } = operation
    if (label !== undefined) of(label, client).operations.push(operation)
    if (newLabel !== undefined) {
      const begun = of(newLabel, client)
      begun.operations.push(operation)
      begun.beginning = operation
    }
    const given = newLabel ?? label
    if (given !== undefined && newCookie !== undefined) of(given, client).cookies.add(newCookie)
  }
  for (const session of sessions.values()) session.operations.sort((one, other) => one.start - other.start)
  return sessions
}

interface Mutable {
  label: string
  user: string
  operations: Operation[]
  beginning: Operation | undefined
  cookies: Set<string>
  settled: ReadonlyMap<Operation, number>
}

/** Acknowledged changes of the session: those that certainly gave it a new time. */
export function isCertainWrite(operation: Operation, label: string): boolean {
  if (operation.outcome !== 'acknowledged') return false
  if (operation.newLabel !== undefined) return operation.newLabel === label
  const hasChanged = operation.change !== undefined || operation.register !== undefined
  return hasChanged || operation.kind === 'increment' || operation.kind === 'regenerate'
}

/**
 * Whether an acknowledged change must be there from then on. Beside a change of the id that it came by it need not be: it
 * found the session deleted under that id, as after a logout, and must not follow it to the new one.
 */
export function isKept(change: Operation, { operations }: SessionHistory): boolean {
  if (change.outcome !== 'acknowledged') return false
  return !operations.some(
    (other) =>
      other !== change &&
      other.kind === 'regenerate' &&
      other.cookie === change.cookie &&
      other.start < change.end &&
      other.end > change.start,
  )
}

/**
 * Between which times, by a right clock that servers may misread, the session was last renewed before `reader` looked.
 * `undefined`: nothing certain is known.
 */
export function renewedBetween(
  { label, operations, settled }: SessionHistory,
  reader: Pick<Operation, 'start' | 'end'>,
): { readonly least: number; readonly most: number } | undefined {
  let last: Operation | undefined
  for (const one of operations) {
    if (one.end <= reader.start && isCertainWrite(one, label) && (!last || one.end > last.end)) last = one
  }
  if (!last) return undefined
  let least = last.start + last.offset[0]
  let most = last.end + last.offset[1]
  for (const one of operations) {
    if (one === last || one === reader || one.start > reader.end) continue
    const until = settled.get(one) ?? one.end
    if (until < last.start) {
      // An earlier time that is ahead, though by a minute at most, is not gone back on.
      const ahead = one.end + one.offset[1]
      if (ahead - most <= AHEAD) most = Math.max(most, ahead)
    } else {
      least = Math.min(least, one.start + one.offset[0])
      most = Math.max(most, until + one.offset[1])
    }
  }
  return { least, most }
}

/** When all is over that a request does, also after its answer. */
function settledBy({ end, process }: Operation, pauses: readonly Pause[]): number {
  let settled = end + GRACE
  for (const pause of pauses) {
    if (pause.process === process && pause.from <= settled && pause.to >= end) settled += pause.to - pause.from
  }
  return settled
}
