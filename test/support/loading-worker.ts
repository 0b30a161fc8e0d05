import { appendFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'

// A process of its own that uses a store, and lists the modules that it has loaded. Argument: JSON of the store's options, and
// of a file for the list.

const { options, file } = JSON.parse(process.argv[2] ?? '{}')
const hooks = `import { appendFileSync } from 'node:fs'
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(file)}, url + '\\n')
  return await next(url, context)
}`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)
// Pauses before a repeat take no time.
Math.random = () => 0

const { DynamoSessionStore } = await import('../../runtime/express.js')
const store = new DynamoSessionStore(options)
const cookie = { originalMaxAge: 60_000 }
const outcomes: Record<string, unknown> = {}
const note = async (name: string, work: () => Promise<unknown>) => {
  outcomes[name] = await work().then(
    () => 'done',
    (error) => error.name,
  )
}
await note('read', () => store.get('none'))
await note('reads', () => Promise.all([store.get('one'), store.get('two'), store.get('three')]))
await note('create', () => store.set('new', { cookie, user: 1 } as never))
await note('delete', () => store.destroy('new'))
await note('lost', () => store.set('lost', { cookie, user: 1 } as never))
await note('throttled', () => store.get('throttled'))
await note('throttled write', () => store.set('throttled', { cookie, user: 1 } as never))
await note('refused', () => store.get('refused'))
await note('missing', () => store.get('missing'))
await note('foreign', () => store.get('foreign'))
appendFileSync(file, Object.keys(createRequire(import.meta.url).cache).join('\n'))
process.send?.(outcomes)
process.disconnect?.()
