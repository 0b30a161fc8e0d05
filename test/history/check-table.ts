import type { Findings } from './check.js'
import { isLogout } from './check-ends.js'
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
  if (operations[0]?.locking === 'none') return
  const isLeft = operations.some(
    ({ kind, cookie, newCookie }) => kind === 'regenerate' && cookie === item.cookie && newCookie,
  )
  if (isLeft) return
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
