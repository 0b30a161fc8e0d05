import type { Findings } from './check.js'
import { isLogout, isStillborn, leavesId, mayBeCleaned } from './check-ends.js'
import type { History, StoredItem } from './history.js'
import { isKept, type SessionHistory } from './session-history.js'

/** What the table holds when all is done. */
export function checkTable(sessions: ReadonlyMap<string, SessionHistory>, history: History, findings: Findings): void {
  for (const item of history.table) {
    if (!item.data) {
      findings.count('items without a session')
      continue
    }
    const session = sessions.get(item.data.label)
    if (session) checkItem(session, item, history, findings)
    else findings.violation('left in the table', item.data.label, 'a session that nobody began', [])
  }
  const items = new Set(history.table.flatMap(({ cookie, data }) => (data ? [cookie] : [])))
  for (const session of sessions.values()) checkPresence(session, items, history, findings)
}

function checkItem(session: SessionHistory, item: StoredItem, history: History, findings: Findings): void {
  const { label, operations, cookies } = session
  if (!cookies.has(item.cookie)) {
    // Whoever gave the session its id, or another one, died, or had no answer from DynamoDB.
    const isExplained = operations.some(
      ({ kind, outcome }) => outcome === 'unknown' && (kind === 'login' || kind === 'restart' || kind === 'regenerate'),
    )
    findings.count('items that no cookie names')
    if (!isExplained)
      findings.violation('left in the table', label, 'an item that no cookie names, without a failure', [])
    return
  }
  const logout = operations.find((one) => isLogout(one, session, history))
  if (logout) {
    const text = `still in the table, under an id that a cookie names, after its ${logout.kind} was acknowledged`
    findings.violation('opened after logout', label, text, [logout])
    return
  }
  const left = operations.find((one) => leavesId(one, item.cookie))
  if (left) {
    const text = 'still in the table under the id before a change of id that was acknowledged'
    findings.violation('opened by an old id', label, text, [left])
    return
  }
  // One under way may have been cut short, and leave both.
  const isLeft = operations.some(({ kind, cookie }) => kind === 'regenerate' && cookie === item.cookie)
  if (operations[0]?.locking === 'none' || isLeft) return
  for (const change of operations) {
    if (!change.change || !isKept(change, session)) continue
    const [key, value] = change.change
    if (item.data?.changes[key] === value) continue
    findings.violation('change lost', label, `${key} was set to ${value}, acknowledged, and is not in the table`, [
      change,
    ])
    return
  }
}

/** Whether the table must hold the session, because nothing ended it, and no cleaner can have thought so. */
function checkPresence(
  session: SessionHistory,
  items: ReadonlySet<string>,
  history: History,
  findings: Findings,
): void {
  const { beginning, operations, label, cookies } = session
  if (beginning?.outcome !== 'acknowledged') return
  if (operations.some((one) => one.label === label && (one.kind === 'logout' || one.kind === 'restart'))) return
  // Left for another id, or never more than an id: who knows.
  if (operations.some((one) => one.kind === 'regenerate' && !(one.outcome === 'acknowledged' && one.newCookie))) return
  const left = new Set(operations.filter(({ kind }) => kind === 'regenerate').map(({ cookie }) => cookie))
  const current = [...cookies].filter((cookie) => !left.has(cookie) && !isStillborn(session, { cookie }))
  if (current.length === 0 || current.some((cookie) => items.has(cookie))) return
  if (mayBeCleaned(session, history.end, history)) return
  findings.violation('live session lost', label, 'not in the table, though nothing had ended it', [operations.at(-1)])
}
