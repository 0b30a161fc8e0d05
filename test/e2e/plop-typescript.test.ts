import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'

const PLOPFILE = "export default async (plop) => { await plop.load('dynamo-session-store') }\n"
const OPTIONS = `import type { Options } from 'dynamo-session-store'

export const options: Options = { tableName: 'my-sessions' }
`

async function generate(app: App, args: string[]): Promise<void> {
  const { code, stderr } = await app.run(join(app.folder, 'node_modules/.bin/plop'), ['session-migration', ...args])
  if (code !== 0) throw new Error(stderr)
}

describe('a generated TypeScript migration', () => {
  it.each([
    ['an ES module package', 'module', { module: 'nodenext', verbatimModuleSyntax: true, isolatedModules: true }],
    [
      'an ES module package that imports .ts',
      'module',
      {
        module: 'nodenext',
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
        erasableSyntaxOnly: true,
      },
    ],
    ['a CommonJS package', undefined, { module: 'nodenext' }],
    ['a bundled package', undefined, { module: 'preserve', moduleResolution: 'bundler' }],
  ] as const)('passes the strict type check of %s', async (_title, type, compilerOptions) => {
    const strict = { strict: true, noUnusedLocals: true, skipLibCheck: true, types: ['node'], noEmit: true }
    const tsconfig = { compilerOptions: { target: 'es2022', ...strict, ...compilerOptions }, include: ['migrations'] }
    const app = await installApp({
      ...(type && { type }),
      files: {
        'plopfile.mjs': PLOPFILE,
        'tsconfig.json': JSON.stringify(tsconfig),
        'src/session.ts': OPTIONS,
      },
    })
    await generate(app, ['CreateSessions'])
    for (const name of ['AddSessions', 'DropSessions']) await generate(app, [name, '--', '--options', 'src/session.ts'])
    await generate(app, ['RemoveUserIndex', '--', '--options', 'src/session.ts', '--index', 'user'])
    expect(readdirSync(join(app.folder, 'migrations')).map((file) => file.slice(15))).toEqual([
      'create_sessions.ts',
      'add_sessions.ts',
      'drop_sessions.ts',
      'remove_user_index.ts',
    ])
    const { code, stdout } = await app.run('npx', ['tsc', '-p', '.'])
    expect(stdout).toBe('')
    expect(code).toBe(0)
    await app.remove()
  })
})
