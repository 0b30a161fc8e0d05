import { RULES, type Verdict, type Violation } from './check.js'
import type { History, Operation } from './history.js'
import type { Run } from './run.js'
import type { Settings } from './settings.js'

/** How many violations of a rule are told in full. */
const EXAMPLES = 3

/** What a run found, for people. Ids of sessions are hashes here and everywhere. */
export function report(finished: Run, verdict: Verdict, settings: Settings): string {
  const { history, seconds, requests, faults, troubles, notes } = finished
  const { operations } = history
  const outcomes = counted(operations.map(({ outcome }) => outcome))
  const without = settings.without.size > 0 ? ` --without ${[...settings.without].join(',')}` : ''
  const lately = settings.late ? ' --late' : ''
  const lines = [
    '',
    `${operations.length} operations in ${seconds.toFixed(0)} s (${(operations.length / seconds).toFixed(0)} a second) on ${settings.engine}`,
    `seed ${settings.seed}${without}${lately}`,
    `told:     ${list(outcomes)}`,
    `kinds:    ${list(counted(operations.map(({ kind }) => kind)))}`,
    `requests: ${list(requests)}`,
    `faults:   ${list(faults)}`,
    `troubles: ${list(troubles)}`,
    `counted:  ${list(verdict.counts)}`,
    ...(notes.length > 0
      ? [`notes:    ${list(counted(notes.map((note) => note.slice(0, 200))), '\n          ')}`]
      : []),
    '',
    ...rules(verdict, finished),
    verdict.violations.length === 0
      ? 'No promise was broken.'
      : `${verdict.violations.length} violations. Once more: npm run check:history -- --seed ${settings.seed} --minutes ${settings.minutes}${without}${lately}`,
    '',
  ]
  return lines.join('\n')
}

function* rules({ violations }: Verdict, { history, late }: Run): Generator<string> {
  for (const [rule, promise] of Object.entries(RULES)) {
    const broken = violations.filter((violation) => violation.rule === rule)
    if (broken.length === 0) continue
    const groups = counted(broken.map(({ operations, label }) => groupOf(operations, label, history)))
    yield `BROKEN ${broken.length} times: ${promise} (${rule})`
    yield `  ${list(groups)}`
    for (const violation of broken.slice(0, EXAMPLES)) yield* example(violation, history, late)
    yield ''
  }
}

function groupOf(operations: readonly Operation[], label: string, history: History): string {
  return operations[0]?.group ?? history.operations.find((one) => one.label === label)?.group ?? 'unknown'
}

/** The request in question, and what else was asked of the session at that time. */
function* example({ text, label, operations }: Violation, history: History, late: Run['late']): Generator<string> {
  yield `  - session ${label}: ${text}`
  const times = operations.flatMap(({ start, end }) => [start, end])
  const [from, to] = [Math.min(...times) - 1500, Math.max(...times) + 500]
  const around = history.operations
    .filter(({ label: of, newLabel, start, end }) => (of === label || newLabel === label) && end > from && start < to)
    .toSorted((one, other) => one.start - other.start)
  for (const one of around.slice(0, 40)) yield `    ${operations.includes(one) ? '>' : ' '} ${line(one, from)}`
  const ids = new Set(around.flatMap(({ cookie, newCookie }) => [cookie, newCookie]))
  for (const { operation, cookie, at } of late) {
    if (ids.has(cookie)) yield `      ${((at - from) / 1000).toFixed(3)} late: ${operation} for ${cookie.slice(0, 6)}`
  }
}

function line(one: Operation, from: number): string {
  const { kind, start, end, process, outcome, cookie, newCookie, seen, change, register, counted: value, offset } = one
  const parts = [
    `${((start - from) / 1000).toFixed(3)}–${((end - from) / 1000).toFixed(3)}`,
    `server ${process}${clock(offset)}`,
    kind,
    change && `${change[0]}=${change[1]}`,
    register !== undefined && `register=${register}`,
    `by ${cookie?.slice(0, 6) ?? 'no cookie'}`,
    `→ ${outcome}`,
    seen &&
      `saw ${seen.label} counter=${seen.counter} register=${seen.register} ${Object.keys(seen.changes).length} keys`,
    seen === null && (one.unread ? 'unread' : 'saw no session'),
    value !== undefined && `counted ${value}`,
    newCookie && `now ${newCookie.slice(0, 6)}`,
    one.failure?.slice(0, 160),
  ]
  return parts.filter(Boolean).join(' ')
}

function clock([least, most]: readonly [number, number]): string {
  const text = (offset: number) => `${offset >= 0 ? '+' : ''}${(offset / 1000).toFixed(1)}s`
  return least === most ? ` (${text(least)})` : ` (${text(least)}…${text(most)})`
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

function list(counts: Readonly<Record<string, number>>, separator = ', '): string {
  const entries = Object.entries(counts).toSorted(([, one], [, other]) => other - one)
  return entries.map(([name, count]) => `${name} ${count}`).join(separator) || 'nothing'
}
