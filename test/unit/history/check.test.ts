import { describe, expect, it } from 'vitest'
import { check, RULES, type Rule } from '../../history/check.js'
import type { History, Operation, Seen, StoredItem } from '../../history/history.js'

const SECOND = 1000

/** What a request of user `ann` with session `s1` was told, unless said otherwise. */
function operation(given: Partial<Operation>): Operation {
  const start = given.start ?? 0
  return {
    id: 0,
    client: 'ann',
    group: 'koa/optimistic',
    locking: 'optimistic',
    process: 0,
    kind: 'read',
    cookie: 'c1',
    label: 's1',
    start,
    end: start + 10,
    offset: [0, 0],
    outcome: 'acknowledged',
    seen: seen(),
    ...given,
  }
}

function seen(given: Partial<Seen> = {}): Seen {
  return { user: 'ann', label: 's1', counter: 0, register: undefined, changes: {}, ...given }
}

const login = (given: Partial<Operation> = {}) =>
  operation({
    kind: 'login',
    cookie: undefined,
    label: undefined,
    newLabel: 's1',
    newCookie: 'c1',
    seen: null,
    ...given,
  })

/** At the end everything was cleaned, so that tests need not say what the table held. */
function history(operations: readonly Operation[], given: Partial<History> = {}): History {
  return {
    settings: { maxStale: 6 * SECOND, maxAge: 40 * SECOND },
    operations,
    pauses: [],
    cleanings: [{ process: 9, start: 99 * SECOND, end: 99.5 * SECOND, offset: [0, 0], deleted: 1 }],
    conflicts: [],
    table: [],
    end: 100 * SECOND,
    ...given,
  }
}

/** The rules that are broken, each once. */
function broken(operations: readonly Operation[], given: Partial<History> = {}): Rule[] {
  return [...new Set(check(history(operations, given)).violations.map(({ rule }) => rule))]
}

const set = (key: string, value: number, given: Partial<Operation> = {}) =>
  operation({ kind: 'set', change: [key, value], ...given })

describe('a history in which every promise was kept', () => {
  it('has no violation', () => {
    const operations = [
      login(),
      set('k0', 1, { start: 100 }),
      operation({ start: 200, seen: seen({ changes: { k0: 1 } }) }),
      operation({ start: 300, kind: 'regenerate', newCookie: 'c2', seen: seen({ changes: { k0: 1 } }) }),
      operation({ start: 400, seen: null, outcome: 'refused' }),
      operation({ start: 500, cookie: 'c2', kind: 'logout', seen: seen({ changes: { k0: 1 } }) }),
      operation({ start: 600, cookie: 'c2', seen: null, outcome: 'refused' }),
    ]
    const table = [{ cookie: 'c2', data: undefined }]
    const { violations, counts } = check(history(operations, { table }))
    expect({ violations, counts }).toEqual({ violations: [], counts: { 'items without a session': 1 } })
  })
})

describe('an expired session', () => {
  it('is found when it was not used for max_stale', () => {
    expect(broken([login(), operation({ start: 8 * SECOND })])).toEqual(['expired session served'])
  })

  it('is found when it is older than max_age, however much it was used', () => {
    const uses = Array.from({ length: 14 }, (_, second) =>
      set(`k${second}`, second, { start: (3 + 3 * second) * SECOND }),
    )
    const changes = Object.fromEntries(uses.map(({ change }) => change ?? []))
    const all = uses.map((use) => ({ ...use, seen: seen({ changes }) }))
    expect(broken([login(), ...all])).toEqual(['expired session served'])
  })

  it('is found when the server has a clock that is hours ahead', () => {
    const ahead = [3600 * SECOND, 3600 * SECOND] as const
    expect(broken([login(), operation({ start: SECOND, offset: ahead })])).toEqual(['expired session served'])
  })

  it('is not reported when the server that touched it may have had that clock', () => {
    const stepped = [0, 10 * SECOND] as const
    const ahead = [10 * SECOND, 10 * SECOND] as const
    const operations = [login(), operation({ start: 500, offset: stepped }), operation({ start: 2000, offset: ahead })]
    expect(broken(operations)).toEqual([])
  })

  it('is not reported when the server that touched it stood still for as long', () => {
    const operations = [login(), operation({ start: 100 }), operation({ start: 9 * SECOND, process: 1 })]
    expect(broken(operations, { pauses: [{ process: 0, from: 105, to: 5 * SECOND }] })).toEqual([])
    expect(broken(operations, { pauses: [{ process: 1, from: 105, to: 5 * SECOND }] })).toEqual([
      'expired session served',
    ])
  })
})

describe('a session after its logout', () => {
  const logout = operation({ start: 100, kind: 'logout' })

  it('is found when the same cookie opens it', () => {
    expect(broken([login(), logout, operation({ start: 200 })])).toEqual(['opened after logout'])
  })

  it('is found when a change of id beside the logout saved it', () => {
    const regenerate = operation({ start: 95, end: 150, kind: 'regenerate', newCookie: 'c2' })
    expect(broken([login(), regenerate, logout, operation({ start: 200, cookie: 'c2' })])).toEqual([
      'opened after logout',
    ])
  })

  it('is found when the logout came by the id before a change of id', () => {
    const regenerate = operation({ start: 50, kind: 'regenerate', newCookie: 'c2' })
    const late = { ...logout, seen: null }
    expect(broken([login(), regenerate, late, operation({ start: 200, cookie: 'c2' })])).toEqual([
      'opened after logout',
    ])
  })

  it('is found when Express began another session in its place', () => {
    const restart = operation({ start: 100, kind: 'restart', newLabel: 's2', newCookie: 'c2' })
    expect(broken([login(), restart, operation({ start: 200 })])).toEqual(['opened after logout'])
    const next = operation({ start: 200, cookie: 'c2', label: 's2', seen: seen({ label: 's2' }) })
    expect(broken([login(), restart, next])).toEqual([])
  })

  it('is found in the table', () => {
    const item: StoredItem = { cookie: 'c1', data: seen() }
    expect(broken([login(), logout], { table: [item] })).toEqual(['opened after logout'])
  })

  it('may be served by requests that began before', () => {
    expect(broken([login(), logout, operation({ start: 109, end: 300 })])).toEqual([])
  })

  it('is not reported when the logout failed', () => {
    const failed = operation({ start: 100, kind: 'logout', outcome: 'unknown', seen: undefined })
    expect(broken([login(), failed, operation({ start: 200 })])).toEqual([])
  })
})

describe('the id before a change of id', () => {
  const regenerate = operation({ start: 100, kind: 'regenerate', newCookie: 'c2' })

  it('is found to open the session', () => {
    expect(broken([login(), regenerate, operation({ start: 200 })])).toEqual(['opened by an old id'])
  })

  it('is found in the table with data', () => {
    const table = [{ cookie: 'c1', data: seen() }]
    expect(broken([login(), regenerate], { table })).toEqual(['opened by an old id'])
  })

  it('may open it while the change is under way, and after one that failed', () => {
    expect(broken([login(), regenerate, operation({ start: 105 })])).toEqual([])
    const failed = { ...regenerate, outcome: 'unknown', newCookie: undefined } as const
    expect(broken([login(), failed, operation({ start: 200 })])).toEqual([])
  })
})

describe('a session that is alive', () => {
  const missing = operation({ start: 2 * SECOND, seen: null, outcome: 'refused' })

  it('is found to be missing', () => {
    expect(broken([login(), missing])).toEqual(['live session lost'])
  })

  it('is found to be missing from the table', () => {
    expect(broken([login()], { end: 2 * SECOND, cleanings: [] })).toEqual(['live session lost'])
    expect(broken([login()], { end: 2 * SECOND, cleanings: [], table: [{ cookie: 'c1', data: seen() }] })).toEqual([])
  })

  it('is found to be missing after a cleaner whose clock is hours ahead deleted it', () => {
    const cleaning = { process: 1, start: SECOND, end: 1.5 * SECOND, deleted: 1 }
    const by = (offset: number) => ({ cleanings: [{ ...cleaning, offset: [offset, offset] as const }] })
    expect(broken([login(), missing], by(3600 * SECOND))).toEqual(['live session lost'])
    expect(broken([login(), missing], by(100))).toEqual(['live session lost'])
    // Its clock is off by less than anybody could notice.
    expect(broken([login(), missing], by(60 * SECOND))).toEqual([])
  })

  it('may be missing for a server with a clock that is ahead', () => {
    expect(broken([login(), { ...missing, offset: [0, 10 * SECOND] }])).toEqual([])
  })

  it('may be missing when DynamoDB could not be asked, or when it could have ended', () => {
    expect(broken([login(), { ...missing, unread: true }])).toEqual([])
    for (const kind of ['logout', 'regenerate'] as const) {
      const ending = operation({ start: SECOND, kind, outcome: 'unknown', seen: undefined })
      expect(broken([login(), ending, missing])).toEqual([])
    }
    expect(broken([login({ outcome: 'unknown' }), missing])).toEqual([])
  })
})

describe('a change that was acknowledged', () => {
  it('is found to be missing, or to have another value', () => {
    const change = set('k0', 1, { start: 100 })
    for (const changes of [{}, { k0: 2 }] as Record<string, number>[]) {
      expect(broken([login(), change, operation({ start: 200, seen: seen({ changes }) })])).toEqual(['change lost'])
    }
  })

  it('is found to be missing from the table', () => {
    const table = [{ cookie: 'c1', data: seen() }]
    expect(broken([login(), set('k0', 1, { start: 100 })], { table })).toEqual(['change lost'])
  })

  it('may be missing while it is under way, when it failed, and with locking none', () => {
    const change = set('k0', 1, { start: 100, end: 300 })
    expect(broken([login(), change, operation({ start: 200 })])).toEqual([])
    expect(broken([login(), { ...change, outcome: 'unknown' }, operation({ start: 400 })])).toEqual([])
    const none = [login(), change, operation({ start: 400 })].map((one) => ({ ...one, locking: 'none' }) as const)
    expect(check(history(none)).counts).toEqual({ 'changes lost with locking none': 1 })
    expect(broken(none)).toEqual([])
  })

  it('may be missing when the id was changed beside it', () => {
    const regenerate = operation({ start: 90, end: 150, kind: 'regenerate', newCookie: 'c2' })
    const operations = [login(), regenerate, set('k0', 1, { start: 100 }), operation({ start: 200, cookie: 'c2' })]
    expect(broken(operations)).toEqual([])
  })

  it('is found to be undone by a change that it replaced', () => {
    const write = (register: number, start: number, sees: number | undefined) =>
      operation({ kind: 'write', register, start, seen: seen({ register: sees }) })
    const operations = [login(), write(1, 100, undefined), write(2, 200, 1)]
    expect(broken([...operations, operation({ start: 300, seen: seen({ register: 2 }) })])).toEqual([])
    const back = operation({ start: 300, seen: seen({ register: 1 }) })
    expect(broken([...operations, back])).toEqual(['change came back'])
    const conflict = { cookie: 'c1', keys: ['register'], at: 250 }
    expect(broken([...operations, back], { conflicts: [conflict] })).toEqual([])
    // Another request may have set it to the same once more.
    expect(broken([...operations, write(1, 280, 2), back])).toEqual([])
  })
})

describe('a counter with pessimistic locking', () => {
  const increment = (counted: number, start: number) =>
    operation({ kind: 'increment', counted, start, seen: seen({ counter: counted - 1 }) })
  const pessimistic = (operations: readonly Operation[]) =>
    broken(operations.map((one) => ({ ...one, locking: 'pessimistic' }) as const))

  it('is found to be wrong when two requests count to the same', () => {
    expect(pessimistic([login(), increment(1, 100), increment(1, 200)])).toContain('counter wrong')
  })

  it('is found to be wrong when it is less or more than was counted', () => {
    const read = (counter: number) => operation({ start: 300, seen: seen({ counter }) })
    expect(pessimistic([login(), increment(1, 100), read(1)])).toEqual([])
    for (const counter of [0, 2]) {
      expect(pessimistic([login(), increment(1, 100), read(counter)])).toEqual(['counter wrong'])
    }
  })

  it('may have counted a request that had no response', () => {
    const lost = operation({ kind: 'increment', start: 200, outcome: 'unknown', seen: undefined })
    const read = (counter: number) => operation({ start: 300, seen: seen({ counter }) })
    for (const counter of [1, 2]) expect(pessimistic([login(), increment(1, 100), lost, read(counter)])).toEqual([])
    expect(pessimistic([login(), increment(1, 100), { ...lost, outcome: 'refused' }, read(2)])).toEqual([
      'counter wrong',
    ])
  })
})

describe('a session of another user', () => {
  it('is found when a cookie opens it', () => {
    const other = operation({ start: 100, seen: seen({ user: 'bob', label: 's2' }) })
    expect(broken([login(), other])).toEqual(['session of another user'])
  })

  it('is found when only the user is another', () => {
    const other = operation({ start: 100, seen: seen({ user: 'bob' }) })
    expect(broken([login(), other])).toEqual(['session of another user'])
  })
})

describe('an item that no cookie names', () => {
  const table = [{ cookie: 'c9', data: seen() }]
  const end = 100 * SECOND

  it('is found', () => {
    expect(broken([login()], { table, end })).toEqual(['left in the table'])
    expect(broken([], { table, end })).toEqual(['left in the table'])
  })

  it('is counted after a change of id that had no response', () => {
    const killed = operation({ start: 100, kind: 'regenerate', outcome: 'unknown', seen: undefined })
    const { violations, counts } = check(history([login(), killed], { table, end }))
    expect({ violations, counts }).toEqual({ violations: [], counts: { 'items that no cookie names': 1 } })
  })

  it('may be a forwarder', () => {
    expect(broken([], { table: [{ cookie: 'c1', data: undefined }] })).toEqual([])
  })
})

describe('the rules', () => {
  it('have each a promise in words', () => {
    for (const promise of Object.values(RULES)) expect(promise).toMatch(/^[A-Z].*\.$/)
  })
})
