import type { History, Operation } from './history.js'

/** What still happens after an answer (koa-session touches then), and what timers are late. Milliseconds. */
const GRACE = 1000

/** Where the stored time may be ahead of the writer's clock: a minute, runtime/session/timestamp.ts. Milliseconds. */
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
}

export function sessionsOf({ operations }: History): ReadonlyMap<string, SessionHistory> {
  const sessions = new Map<string, Mutable>()
  const of = (label: string, user: string) => {
    const known = sessions.get(label) ?? { label, user, operations: [], beginning: undefined, cookies: new Set() }
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
}

/** Whether the request can have written the session `label`. */
export function mayWrite(operation: Operation, label: string): boolean {
  // Every request may renew the session; and one that another session begins with writes that one.
  return operation.label === label || operation.newLabel === label
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

/** When all is over that a request does, also after its answer. */
export function settledBy({ end, process }: Operation, { pauses }: History): number {
  let settled = end + GRACE
  for (const pause of pauses) {
    if (pause.process === process && pause.from <= settled && pause.to >= end) settled += pause.to - pause.from
  }
  return settled
}

/**
 * Between which times, by a right clock that servers may misread, the session was last renewed before `reader` looked.
 * `undefined`: nothing certain is known.
 */
export function renewedBetween(
  { label, operations }: SessionHistory,
  reader: Pick<Operation, 'start' | 'end'>,
  history: History,
): { readonly least: number; readonly most: number } | undefined {
  const before = operations.filter((one) => isCertainWrite(one, label) && one.end <= reader.start)
  const last = before.toSorted((one, other) => one.end - other.end).at(-1)
  if (!last) return undefined
  let least = last.start + last.offset[0]
  let most = last.end + last.offset[1]
  for (const one of operations) {
    if (one === last || one.start > reader.end || !mayWrite(one, label)) continue
    const settled = settledBy(one, history)
    if (settled < last.start) {
      // An earlier time that is ahead, though by a minute at most, is not gone back on.
      const ahead = one.end + one.offset[1]
      if (ahead > most && ahead - most <= AHEAD) most = ahead
      continue
    }
    least = Math.min(least, one.start + one.offset[0])
    most = Math.max(most, settled + one.offset[1])
  }
  return { least, most }
}
