import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

interface Change {
  readonly type: string
  readonly path: string
  readonly error?: string
}

interface NodePlop {
  getGenerator(name: string): {
    runPrompts(values: readonly string[]): Promise<Record<string, unknown>>
    runActions(answers: Readonly<Record<string, unknown>>): Promise<{ changes: Change[]; failures: Change[] }>
  }
}

/** A plop without a plopfile, by the `node-plop` of plop. Its types are not the ones that `plop` re-exports. */
export async function newPlop(root: string): Promise<NodePlop> {
  const require = createRequire(createRequire(import.meta.url).resolve('plop'))
  const { default: nodePlop } = await import(pathToFileURL(require.resolve('node-plop')).href)
  return await nodePlop('', { destBasePath: root })
}
