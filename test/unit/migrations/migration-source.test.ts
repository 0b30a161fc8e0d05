import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reasonNotToRun } from '../../../runtime/migrations/dry-run/migration-source.js'
import { VERSION } from '../../../runtime/version.js'
import { folderWith } from '../../support/folder.js'

const installed = (version: string) => ({
  'node_modules/dynamo-session-store/package.json': JSON.stringify({ name: 'dynamo-session-store', version }),
})

async function reasonOf(file: string, text: string, files: Record<string, string> = installed(VERSION)) {
  const root = folderWith({ 'package.json': '{}', ...files, [file]: text })
  return await reasonNotToRun(join(root, file), root)
}

const up = (body: string) => `exports.up = async () => { ${body} }`

describe('a dry run runs a migration', () => {
  it.each([
    ['1.js', "const { createTable } = require('dynamo-session-store')\nexports.up = async () => await createTable()"],
    ['1.mjs', "import { createTable } from 'dynamo-session-store'\nexport const up = async () => await createTable()"],
    ['1.mjs', "export async function up() { await (await import('dynamo-session-store')).createTable() }"],
    [
      '1.ts',
      `import type { Knex } from 'knex'
       import { createTable, type Options } from 'dynamo-session-store'
       enum Name { Table = 'sessions' }
       export async function up(_knex: Knex): Promise<void> {
         const options: Options = { tableName: process.env.TABLE ?? Name.Table }
         await createTable(options satisfies Options)
       }`,
    ],
    ['1.cts', "import store = require('dynamo-session-store')\nexport = { up: () => store.createTable() }"],
    ['1.js', `${up("console.log(new Date(), { process: 1, fetch: 2 }, 'import fs')")} // require('fs')`],
    ['1.js', up('const fetch = () => 1; fetch()')],
  ])('that imports nothing but this package: %s %s', async (file, text) => {
    expect(await reasonOf(file, text)).toBeUndefined()
  })
})

describe('a dry run does not run a migration', () => {
  it.each([
    ['1.mjs', "import { writeFileSync } from 'node:fs'\nexport const up = () => {}", 'it imports node:fs'],
    ['1.mjs', "import './setup.js'", 'it imports ./setup.js'],
    ['1.mjs', "export * from './other.js'", 'it imports ./other.js'],
    ['1.mjs', "export { up } from './other.js'", 'it imports ./other.js'],
    ['1.mjs', "import 'dynamo-session-store/umzug'", 'it imports dynamo-session-store/umzug'],
    [
      '1.ts',
      "import { Client } from './client.js'\nexport const up = (client: Client) => {}",
      'it imports ./client.js',
    ],
    ['1.cts', "import fs = require('fs')\nexport = { up: () => fs }", 'it imports fs'],
    ['1.js', "const { writeFileSync } = require('node:fs')", 'it imports node:fs'],
    ['1.js', up("require('fs')"), 'it imports fs'],
    ['1.js', up("await import('node:fs')"), 'it imports node:fs'],
    ['1.js', up('await import(process.env.MODULE)'), 'it imports a computed name'],
    ['1.js', up("const load = require; load('fs')"), 'it imports a computed name'],
    ['1.js', up("module.require('fs')"), 'it uses module for more than module.exports'],
    ['1.js', up("process.getBuiltinModule('fs')"), 'it uses process for more than process.env'],
    ['1.js', up('const p = process'), 'it uses process for more than process.env'],
    ['1.js', up("await fetch('http://127.0.0.1:1')"), 'it uses fetch'],
    ['1.js', up("globalThis['fetch']('http://127.0.0.1:1')"), 'it uses globalThis'],
    ['1.js', up("eval('1')"), 'it uses eval'],
    ['1.js', up("new Function('return 1')"), 'it uses Function'],
    ['1.js', up("new WebSocket('ws://127.0.0.1:1')"), 'it uses WebSocket'],
  ])('that could do something elsewhere: %s %s', async (file, text, reason) => {
    if (reason === 'it uses WebSocket' && !('WebSocket' in globalThis)) return
    expect(await reasonOf(file, text)).toBe(reason)
  })

  it('that has a syntax error', async () => {
    expect(await reasonOf('1.js', 'exports.up = (')).toBe("its syntax can't be parsed")
  })

  it('that would use another version of this package, or none', async () => {
    const text = up("await require('dynamo-session-store').createTable()")
    expect(await reasonOf('1.js', text, installed('0.0.1'))).toBe(
      `its dynamo-session-store has another version (0.0.1, here ${VERSION})`,
    )
    expect(await reasonOf('1.js', text, {})).toMatch(/^its dynamo-session-store is not found: /)
  })
})
