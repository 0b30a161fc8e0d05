import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fileOfProgram } from '../../../runtime/configuration/file-of-program.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { currentFolderWith, folderWith } from '../../support/folder.js'

const CANDIDATES = ['config/dynamo_session_store/production.yml', 'config/dynamo_session_store.yml']

function app(more: Record<string, string> = {}): string {
  return folderWith({
    'package.json': '{}',
    'src/server.js': '',
    'config/dynamo_session_store.yml': 'table_name: shop\n',
    ...more,
  })
}

describe('the configuration file of the running program', () => {
  it('is in the folder of its package.json', () => {
    const folder = app()
    const found = { folder, path: join(folder, 'config/dynamo_session_store.yml') }
    expect(fileOfProgram(join(folder, 'src/server.js'), CANDIDATES)).toEqual(found)
    expect(fileOfProgram(join(folder, 'src/server'), CANDIDATES)).toEqual(found)
    expect(fileOfProgram(folder, CANDIDATES)).toEqual(found)
  })

  it('is the one of the environment first', () => {
    const folder = app({ 'config/dynamo_session_store/production.yml': '' })
    const path = join(folder, 'config/dynamo_session_store/production.yml')
    expect(fileOfProgram(join(folder, 'server.js'), CANDIDATES)).toEqual({ folder, path })
  })

  it('belongs to the nearest package, and to no program of node_modules', () => {
    const folder = app({ 'packages/web/package.json': '{}', 'node_modules/vitest/vitest.mjs': '' })
    expect(fileOfProgram(join(folder, 'packages/web/server.js'), CANDIDATES)).toBeUndefined()
    expect(fileOfProgram(join(folder, 'node_modules/vitest/vitest.mjs'), CANDIDATES)).toBeUndefined()
    expect(fileOfProgram(join(folder, 'node_modules/.bin/dynamo-session'), CANDIDATES)).toBeUndefined()
    expect(fileOfProgram(undefined, CANDIDATES)).toBeUndefined()
  })
})

describe('a process that was started in another folder', () => {
  function startedIn(files: Record<string, string>, program: string): void {
    currentFolderWith(files)
    const [node = '', before = ''] = process.argv
    process.argv.splice(0, 2, node, program)
    onTestFinished(() => {
      process.argv.splice(0, 2, node, before)
    })
  }
  const notRead = (folder: string) =>
    `${join(folder, 'config/dynamo_session_store.yml')}: was not read, because this process was started in ${process.cwd()}`

  it('is refused, because options of its file would silently not apply', () => {
    const folder = app()
    startedIn({}, join(folder, 'src/server.js'))
    expect(() => resolveConfiguration({}, {})).toThrow(notRead(folder))
    expect(() => resolveConfiguration({ tableName: 'visits' }, {})).toThrow(notRead(folder))
  })

  it('is accepted with a file of its own, with root, or with the path of the file', () => {
    const folder = app()
    const path = join(folder, 'config/dynamo_session_store.yml')
    startedIn({}, join(folder, 'src/server.js'))
    expect(resolveConfiguration({ root: folder }, {}).tableName).toBe('shop')
    expect(resolveConfiguration({}, { AWS_DYNAMO_DB_SESSION_CONFIG_FILE: path }).tableName).toBe('shop')
    startedIn({ 'config/dynamo_session_store.yml': 'table_name: own\n' }, join(folder, 'src/server.js'))
    expect(resolveConfiguration({}, {}).tableName).toBe('own')
  })
})
