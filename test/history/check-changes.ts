import type { Findings } from './check.js'
import type { History, Operation } from './history.js'
import { isKept, type SessionHistory } from './session-history.js'

/** Acknowledged changes are there in every session that is served later. */
export function checkChanges(session: SessionHistory, history: History, findings: Findings): void {
  const { label, operations } = session
  const reads = operations.filter(({ seen }) => seen?.label === label)
  const locking = operations[0]?.locking ?? 'none'
  checkKeys(session, reads, locking === 'none', findings)
  if (locking === 'none') return
  checkRegister(session, reads, history, findings)
  if (locking === 'pessimistic') checkCounter(session, reads, findings)
}

function checkKeys(session: SessionHistory, reads: readonly Operation[], mayLose: boolean, findings: Findings): void {
  const { operations, label } = session
  for (const change of operations) {
    if (!change.change || !isKept(change, session)) continue
    const [key, value] = change.change
    const lost = reads.find((read) => read.start > change.end && read.seen?.changes[key] !== value)
    if (!lost) continue
    if (mayLose) {
      findings.count('changes lost with locking none')
      continue
    }
    const found = lost.seen?.changes[key]
    const text = `${key} was set to ${value}, acknowledged, and then ${found === undefined ? 'is missing' : `is ${found}`}`
    findings.violation('change lost', label, text, [change, lost])
  }
}

/**
 * A value that only one request set, and that another request saw and replaced, is over for good. A save that says that it
 * won over another request's change is no silent one.
 */
function checkRegister(
  session: SessionHistory,
  reads: readonly Operation[],
  history: History,
  findings: Findings,
): void {
  const { operations, label, cookies } = session
  const writes = operations.filter(({ register }) => register !== undefined)
  const times = new Map<number, number>()
  for (const { register = 0 } of writes) times.set(register, (times.get(register) ?? 0) + 1)
  for (const replacing of writes) {
    const replaced = replacing.seen?.register
    if (!isKept(replacing, session) || replaced === undefined || replaced === replacing.register) continue
    if (times.get(replaced) !== 1) continue
    const back = reads.find(({ start, seen }) => start > replacing.end && seen?.register === replaced)
    if (!back) continue
    const isTold = history.conflicts.some(
      ({ cookie, keys, at }) =>
        cookies.has(cookie) && keys.includes('register') && at >= replacing.start && at <= back.end,
    )
    if (isTold) {
      findings.count('changes that came back, with a conflict told')
      continue
    }
    const first = writes.find(({ register }) => register === replaced)
    findings.violation(
      'change came back',
      label,
      `${replaced} was replaced by ${replacing.register}, and is there again`,
      [first, replacing, back],
    )
  }
}

function checkCounter(session: SessionHistory, reads: readonly Operation[], findings: Findings): void {
  const { operations, label } = session
  const increments = operations.filter(({ kind, outcome }) => kind === 'increment' && outcome !== 'refused')
  const certain = increments.filter((one) => one.counted !== undefined && isKept(one, session))
  const byValue = new Map<number, Operation>()
  for (const one of certain) {
    const other = byValue.get(one.counted ?? 0)
    if (other) findings.violation('counter wrong', label, `two requests counted to ${one.counted}`, [other, one])
    byValue.set(one.counted ?? 0, one)
  }
  for (const read of reads) {
    const counter = read.seen?.counter ?? 0
    const least = certain.filter(({ end }) => end < read.start).length
    const most = increments.filter(({ start }) => start < read.end).length
    if (counter >= least && counter <= most) continue
    const text = `the counter is ${counter}, after ${least} acknowledged increments of ${most} that were begun`
    findings.violation('counter wrong', label, text, [read])
    return
  }
}
