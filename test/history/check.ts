import { checkChanges } from './check-changes.js'
import { checkEnds } from './check-ends.js'
import { checkTable } from './check-table.js'
import type { History, Operation } from './history.js'
import { sessionsOf } from './session-history.js'

/** The promises, by what it is called when one is broken. */
export const RULES = {
  'expired session served': 'An expired session is never served.',
  'opened after logout': 'No cookie opens a session after its logout was acknowledged.',
  'opened by an old id': 'Once a session has another id, the old one opens nothing.',
  'live session lost': 'A session that is alive is found, and never cleaned.',
  'change lost': 'A change that was acknowledged stays (optimistic and pessimistic locking).',
  'change came back': 'A change that another one replaced does not come back.',
  'counter wrong': 'With pessimistic locking requests that read and write come one after another.',
  'session of another user': 'A cookie never opens the session of somebody else.',
  'left in the table': 'What the table holds can be opened by nobody, or is alive.',
} as const

export type Rule = keyof typeof RULES

export interface Violation {
  readonly rule: Rule
  /** What happened, without ids of sessions. */
  readonly text: string
  /** The session, as the users' requests name it. */
  readonly label: string
  readonly operations: readonly Operation[]
}

export interface Verdict {
  readonly violations: readonly Violation[]
  /** What is allowed, and counted. */
  readonly counts: Readonly<Record<string, number>>
}

/** Notes what was found. */
export class Findings {
  readonly violations: Violation[] = []
  readonly counts: Record<string, number> = {}

  violation(rule: Rule, label: string, text: string, operations: readonly (Operation | undefined)[]): void {
    const known = operations.filter((operation) => operation !== undefined)
    this.violations.push({ rule, label, text, operations: known })
  }

  count(name: string, by = 1): void {
    this.counts[name] = (this.counts[name] ?? 0) + by
  }
}

/** Looks for broken promises in what clients were told, and in what the table holds. It reads no clock and no store. */
export function check(history: History): Verdict {
  const findings = new Findings()
  const sessions = sessionsOf(history)
  for (const session of sessions.values()) {
    checkEnds(session, history, findings)
    checkChanges(session, history, findings)
  }
  checkTable(sessions, history, findings)
  return findings
}
