import { beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { freePort } from '../../support/engines-start.js'
import { environmentWith } from '../../support/folder.js'
import { makeTable } from '../../support/table.js'

const engine = anyEngine()
const tableName = uniqueTableName()
const run = (name: string) => import(`../../../docs/snippets/concurrency/${name}.mjs`)
beforeAll(() => makeTable(engine.client(), tableName))

/** Leads the programs to the table. */
function configure(): void {
  environmentWith({
    AWS_DYNAMO_DB_SESSION_ENDPOINT: engine.endpoint,
    AWS_DYNAMO_DB_SESSION_REGION: 'us-east-1',
    AWS_DYNAMO_DB_SESSION_TABLE_NAME: tableName,
    AWS_DYNAMO_DB_SESSION_MAX_STALE: '3600',
  })
}

it('docs/concurrency.md shows how both of two requests keep their changes', async () => {
  configure()
  const lines: string[] = []
  const spy = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line))
  onTestFinished(() => spy.mockRestore())
  vi.stubEnv('PORT', String(await freePort()))
  await run('two-requests')
  expect(lines).toEqual(['MemoryStore: 1 of 2 changes kept', 'DynamoSessionStore: 2 of 2 changes kept'])
})

it('docs/concurrency.md shows how changes are merged, and how a conflict is heard', async () => {
  configure()
  const { store } = await run('conflict-event')
  onTestFinished(() => store.close())
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  onTestFinished(() => warn.mockRestore())
  await store.set('a-merged-id', { cart: ['a book'], language: 'en', theme: 'light' })
  const [first, second, third] = await Promise.all([1, 2, 3].map(() => store.get('a-merged-id')))
  await store.set('a-merged-id', Object.assign(first, { language: 'fr' }))
  second.cart.push('a lamp')
  delete second.theme
  await store.set('a-merged-id', second)
  const { cookie: _, ...merged } = await store.get('a-merged-id')
  expect(merged).toEqual({ cart: ['a book', 'a lamp'], language: 'fr' })
  expect(warn).not.toHaveBeenCalled()
  await store.set('a-merged-id', Object.assign(third, { language: 'it' }))
  expect(await store.get('a-merged-id')).toMatchObject({ cart: ['a book', 'a lamp'], language: 'it' })
  const text = `session ${hashSessionId('a-merged-id')}: overwrote another request's change of language`
  expect(warn.mock.calls).toEqual([[text]])
})

it('docs/concurrency.md shows a function that merges carts, and keeps all other changes', async () => {
  configure()
  const { store } = await run('merge-carts')
  onTestFinished(() => store.close())
  await store.set('an-id', { user: 'ada', cart: ['a book'], language: 'en', theme: 'light', flash: 'hello' })
  const [one, other] = await Promise.all([store.get('an-id'), store.get('an-id')])
  await store.set('an-id', { ...other, cart: ['a book', 'a lamp'], language: 'fr' })
  Object.assign(one, { cart: ['a book', 'a chair'], theme: 'dark' })
  delete one.flash
  await store.set('an-id', one)
  const merged = { user: 'ada', cart: ['a book', 'a lamp', 'a chair'], language: 'fr', theme: 'dark' }
  const { cookie: _, ...stored } = await store.get('an-id')
  expect(stored).toEqual(merged)
})
