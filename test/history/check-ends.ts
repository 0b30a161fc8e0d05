import type { Findings } from './check.js'
import type { History, Operation } from './history.js'
import { renewedBetween, type SessionHistory } from './session-history.js'

/** Beyond this, DynamoDB's own clock tells a cleaner that its clock is wrong. Milliseconds. */
export const CLOCK_WRONG = 5 * 60_000

/** What a server's clock may be off beside what is known. Milliseconds. */
const ROUNDING = 50

/** Sessions end when they should: by logout, by another id, by time; and not otherwise. */
export function checkEnds(session: SessionHistory, history: History, findings: Findings): void {
  const { label, operations } = session
  const ends = operations.filter((one) => isLogout(one, session, history))
  const firstEnd = ends.toSorted((one, other) => one.end - other.end)[0]
  for (const one of operations) {
    if (one.label !== label || one.seen === undefined) continue
    if (one.seen === null) {
      checkMissing(session, one, history, findings)
      continue
    }
    if (one.seen.label !== label || one.seen.user !== session.user) {
      const text = `a cookie of ${session.user}, session ${label}, opened session ${one.seen.label} of ${one.seen.user}`
      findings.violation('session of another user', label, text, [one])
      continue
    }
    if (firstEnd && firstEnd.end < one.start) {
      const text = `opened ${since(firstEnd, one)} after its ${firstEnd.kind} was acknowledged, by ${idText(session, one)}`
      findings.violation('opened after logout', label, text, [firstEnd, one])
    }
    checkOldId(session, one, findings)
    checkTime(session, one, history, findings)
  }
}

/**
 * A request that ended the session, acknowledged. A logout that saw no session counts where its cookie named one that
 * has another id since: it was to end that one.
 */
export function isLogout(one: Operation, session: SessionHistory, history: History): boolean {
  if (one.label !== session.label || one.outcome !== 'acknowledged') return false
  if (one.kind === 'restart') return true
  if (one.kind !== 'logout' || one.unread) return false
  if (one.seen) return one.seen.label === session.label
  const isMoved = session.operations.some((other) => leavesId(other, one.cookie) && other.start < one.end)
  return (
    isMoved &&
    Math.abs(one.offset[0]) < CLOCK_WRONG &&
    Math.abs(one.offset[1]) < CLOCK_WRONG &&
    !mayBeOver(session, one, history)
  )
}

/** The request gave the session another id than `cookie`, and the client knows it. */
export function leavesId(one: Operation, cookie: string | undefined): boolean {
  return (
    one.kind === 'regenerate' &&
    one.outcome === 'acknowledged' &&
    one.cookie === cookie &&
    one.newCookie !== undefined &&
    one.newCookie !== cookie
  )
}

function checkOldId({ label, operations }: SessionHistory, one: Operation, findings: Findings): void {
  const left = operations.find((other) => leavesId(other, one.cookie) && other.end < one.start)
  if (!left) return
  const text = `the id before a change of id opened it ${since(left, one)} after that was acknowledged`
  findings.violation('opened by an old id', label, text, [left, one])
}

function checkTime(session: SessionHistory, one: Operation, history: History, findings: Findings): void {
  const { maxStale, maxAge } = history.settings
  const now = one.start + one.offset[0]
  const renewed = renewedBetween(session, one)
  if (renewed && now - renewed.most >= maxStale + ROUNDING) {
    const idle = seconds(now - renewed.most)
    findings.violation('expired session served', session.label, `served ${idle} after it was last used`, [one])
  }
  const { beginning } = session
  if (beginning && now - (beginning.end + beginning.offset[1]) >= maxAge + ROUNDING) {
    const age = seconds(now - beginning.end - beginning.offset[1])
    findings.violation('expired session served', session.label, `served ${age} after it began`, [beginning, one])
  }
}

/** No session was found: was there a reason? */
function checkMissing(session: SessionHistory, one: Operation, history: History, findings: Findings): void {
  if (one.unread) {
    findings.count('could not be read')
    return
  }
  const { beginning, operations, label } = session
  if (beginning?.outcome !== 'acknowledged' || beginning.end > one.start) return
  const isEnded = operations.some(
    (other) =>
      other.label === label &&
      other.start < one.end &&
      (other.kind === 'logout' || other.kind === 'restart' || (other.kind === 'regenerate' && mayLeave(other, one))),
  )
  if (isEnded || isStillborn(session, one) || mayBeOver(session, one, history)) return
  if (mayBeCleaned(session, one.end, history)) return
  const text = 'not found, though nothing had ended it'
  findings.violation('live session lost', label, text, [beginning, one])
}

/** The change of id may have taken the session away from the id that `one` asks for. */
function mayLeave(other: Operation, one: Operation): boolean {
  return other !== one && other.cookie === one.cookie
}

/** Of two changes of an id at a time, or of one beside a logout, one may give an id that names nothing. */
export function isStillborn({ operations, label }: SessionHistory, one: Pick<Operation, 'cookie'>): boolean {
  const birth = operations.find((other) => other.kind === 'regenerate' && other.newCookie === one.cookie)
  if (!birth) return false
  if (birth.outcome !== 'acknowledged') return true
  return operations.some(
    (other) =>
      other !== birth &&
      other.label === label &&
      other.cookie === birth.cookie &&
      other.kind === 'regenerate' &&
      other.start < birth.end &&
      other.end > birth.start,
  )
}

/** By the clock of the server, give or take, the session may have been over. */
export function mayBeOver(session: SessionHistory, one: Operation, history: History): boolean {
  const { maxStale, maxAge } = history.settings
  const now = one.end + one.offset[1]
  const renewed = renewedBetween(session, one)
  if (!renewed || now - renewed.least >= maxStale - ROUNDING) return true
  const { beginning } = session
  return beginning !== undefined && now - (beginning.start + beginning.offset[0]) >= maxAge - ROUNDING
}

/** A cleaner may have taken it for over, by a clock of which it could not know that it was wrong. */
export function mayBeCleaned(session: SessionHistory, until: number, history: History): boolean {
  const { maxStale, maxAge } = history.settings
  const { beginning } = session
  const begun = beginning ? beginning.start + beginning.offset[0] : 0
  // The last one first: after a session's time it explains everything.
  for (let index = history.cleanings.length - 1; index >= 0; index -= 1) {
    const cleaning = history.cleanings[index]
    if (!cleaning || cleaning.start > until || cleaning.offset[0] > CLOCK_WRONG || cleaning.deleted === 0) continue
    const now = cleaning.end + cleaning.offset[1]
    if (now - begun >= maxAge - ROUNDING) return true
    const renewed = renewedBetween(session, cleaning)
    if (renewed ? now - renewed.least >= maxStale - ROUNDING : cleaning.end > begun) return true
  }
  return false
}

function idText({ operations }: SessionHistory, one: Operation): string {
  const isNew = operations.some(({ kind, newCookie }) => kind === 'regenerate' && newCookie === one.cookie)
  return isNew ? 'an id that a change of id gave it' : 'the id that it began with'
}

function since(one: Operation, other: Operation): string {
  return seconds(other.start - one.end)
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3)} s`
}
