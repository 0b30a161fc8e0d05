import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, installApp } from '../support/app.js'
import { CLEAR_LINE, CONTROL_C, DOWN, ENTER, openTerminal } from '../support/terminal.js'

// node-pty drops what a program printed if it is not read within 200 ms after its end: on a machine under full load.
describe('dynamo-session init in a terminal', { retry: 2 }, () => {
  let app: App
  beforeAll(async () => {
    // Without a framework in package.json, init asks for it.
    app = await installApp({ files: { 'package.json': '{}' } })
  })
  afterAll(() => app.remove())

  it('shows each answer once, and ends at Ctrl-C', async () => {
    const terminal = openTerminal(join(app.folder, 'node_modules/.bin/dynamo-session'), ['init'], app.folder)
    await terminal.see('empty: none): ')
    terminal.type(`hono${ENTER}`)
    await terminal.see('Write the configuration file? [Y/n] ')
    terminal.type(`n${ENTER}`)
    await terminal.see('Write a migration that creates the table? [Y/n] ')
    terminal.type(`n${ENTER}`)
    await terminal.see('Write the session store for hono? [Y/n] ')
    terminal.type(CONTROL_C)
    expect(await terminal.exit).toBe(130)
    expect(app.exists('session.js')).toBe(false)
    expect(terminal.output().match(/n{2,}\b|hono{2}/g)).toBeNull()
    expect(terminal.output()).toMatch(/\[Y\/n\] n\r*\n[^\n]*migration/)
  })
})

describe('the generators in a terminal', { retry: 2 }, () => {
  let app: App
  beforeAll(async () => {
    app = await installApp({
      files: {
        'plopfile.mjs': "export default async (plop) => { await plop.load('dynamo-session-store') }\n",
        'tsconfig.json': '{}',
        'src/session.ts': 'export const options = {}\n',
      },
    })
  })
  afterAll(() => app.remove())

  function plop(args: string[]) {
    return openTerminal(join(app.folder, 'node_modules/.bin/plop'), args, app.folder)
  }

  it('session-config asks for the environment and explains why an input is wrong', async () => {
    const terminal = plop(['session-config'])
    await terminal.see('Environment')
    terminal.type(`a/b${ENTER}`)
    await terminal.see("can't be the name of an environment")
    terminal.type(`${CLEAR_LINE}production${ENTER}`)
    await terminal.see('config/dynamo_session_store/production.yml was written')
    expect(await terminal.exit).toBe(0)
    expect(app.exists('config/dynamo_session_store/production.yml')).toBe(true)
  })

  it('session-migration asks for name, language and options module, and nothing else', async () => {
    const terminal = plop(['session-migration'])
    await terminal.see('Name of the migration: (create_dynamo_sessions_table)')
    terminal.type(`Add Sessions${ENTER}`)
    await terminal.see('Language of the migration:')
    await terminal.see('❯ ts')
    terminal.type(ENTER)
    await terminal.see("exports the store's options")
    terminal.type(`src/absent.ts${ENTER}`)
    await terminal.see('src/absent.ts does not exist')
    terminal.type(`${CLEAR_LINE}src/session.ts${ENTER}`)
    await terminal.see('was written')
    expect(await terminal.exit).toBe(0)
    const [file = ''] = readdirSync(join(app.folder, 'migrations'))
    expect(file).toMatch(/^\d{14}_add_sessions\.ts$/)
    expect(await app.read(`migrations/${file}`)).toContain("import { options } from '../src/session.js'")
    expect(terminal.output()).not.toContain('Folder of the migrations')
  })

  it('asks only for missing values, and accepts the other language', async () => {
    const terminal = plop(['session-migration', 'DropSessions', '--', '--options', 'src/session.ts'])
    await terminal.see('Language of the migration:')
    terminal.type(`${DOWN}${ENTER}`)
    await terminal.see('_drop_sessions.js was written')
    expect(await terminal.exit).toBe(0)
    for (const question of ['Name of the migration', 'What it does', 'Session key of the index']) {
      expect(terminal.output()).not.toContain(question)
    }
  })

  it('asks for the kind when the name does not say it, and for the key of an index', async () => {
    const terminal = plop(['session-migration', 'SignOutEverywhere', '--', '--language', 'js'])
    await terminal.see('What it does with the table:')
    await terminal.see('❯ create')
    terminal.type(`${DOWN}${DOWN}${ENTER}`)
    await terminal.see('Session key of the index')
    terminal.type(`data${ENTER}`)
    await terminal.see('--index: ')
    terminal.type(`${CLEAR_LINE}user_id${ENTER}`)
    await terminal.see("exports the store's options")
    terminal.type(ENTER)
    await terminal.see('_sign_out_everywhere.js was written')
    expect(await terminal.exit).toBe(0)
    const file = readdirSync(join(app.folder, 'migrations')).find((name) => name.endsWith('everywhere.js')) ?? ''
    expect(await app.read(`migrations/${file}`)).toContain("createTable({ indexKeys: ['user_id'] })")
  })

  it('a dry run prints readable content, and an existing file is refused', async () => {
    const file = 'config/dynamo_session_store/production.yml'
    await app.write(file, 'table_name: mine\n')
    const dry = plop(['session-config', 'production', '--dry-run'])
    await dry.see('#table_name: sessions')
    await dry.see(`${file} exists already`)
    expect(await dry.exit).toBe(1)
    const refused = plop(['session-config', 'production'])
    await refused.see('exists already')
    expect(await refused.exit).toBe(1)
  })

  it('wraps notices between words at the width of the terminal', async () => {
    await app.write('config/dynamo_session_store.yml', '')
    const terminal = plop(['session-config', 'wrapped', '--dest', '.'])
    await terminal.see('was written')
    expect(await terminal.exit).toBe(0)
    const lines = terminal.output().split(/\r?\n/)
    const notice = lines.slice(lines.findIndex((line) => line.includes('was written')))
    expect(notice.slice(1, 3).map((line) => line.trim())).toEqual([
      'note: with NODE_ENV=wrapped only this file is read, and',
      'config/dynamo_session_store.yml is not: copy the settings that you need',
    ])
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  })

  it('prints its help alone, and asks nothing', async () => {
    const terminal = plop(['session-migration', '--help'])
    expect(await terminal.exit).toBe(0)
    expect(terminal.output()).toMatch(/^\r?Writes a migration/)
    expect(terminal.output()).toMatch(/--undo\r?\n$/)
  })

  it.skipIf(process.platform === 'win32')(
    'ends in a terminal without a size, where plop alone never does',
    async () => {
      const command = 'stty cols 0 rows 0 && exec node_modules/.bin/plop session-config unsized'
      const terminal = openTerminal('sh', ['-c', command], app.folder)
      await terminal.see('unsized.yml was written')
      expect(await terminal.exit).toBe(0)
    },
  )
})
