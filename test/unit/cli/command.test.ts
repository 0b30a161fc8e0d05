import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { configurationForCommand, optionsForCommand, runCommand } from '../../../runtime/cli/command.js'
import { ConfigurationError, DynamoSessionError, TableMissingError } from '../../../runtime/errors.js'
import { environmentWith, folderWith } from '../../support/folder.js'
import { recordingLogger } from '../../support/recording-logger.js'

describe('optionsForCommand', () => {
  it.each([
    ['the default export', 'a.mjs', "export default { tableName: 'visits' }"],
    ['an export named options', 'a.mjs', "export const options = { tableName: 'visits' }"],
    ['module.exports', 'a.cjs', "module.exports = { tableName: 'visits' }"],
    ['an export named options of CommonJS', 'a.cjs', "exports.options = { tableName: 'visits' }"],
    [
      'a default export compiled to CommonJS',
      'a.cjs',
      "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = { tableName: 'visits' }",
    ],
  ])('takes %s', async (_, name, text) => {
    const folder = folderWith({ [name]: text })
    expect(await optionsForCommand({ options: name }, folder)).toEqual({ tableName: 'visits' })
  })

  it('gives the command line priority over the module, with paths relative to the current folder', async () => {
    const text = "export default { environment: 'a', configFile: 'a.yml', root: '/elsewhere', tableName: 'visits' }"
    const folder = folderWith({ 'a.mjs': text, 'b.yml': '' })
    const options = await optionsForCommand({ options: 'a.mjs', environment: 'b', config: 'b.yml' }, folder)
    expect(options).toEqual({
      environment: 'b',
      configFile: join(folder, 'b.yml'),
      root: '/elsewhere',
      tableName: 'visits',
    })
  })

  it('is empty without arguments: ENV, file and defaults decide', async () => {
    expect(await optionsForCommand({})).toEqual({})
  })

  it('reports all problems of the arguments together, as typed', async () => {
    const folder = folderWith({ 'dir/x': '' })
    const attempt = optionsForCommand({ environment: '../x', config: 'dir', options: 'none.ts' }, folder)
    await expect(attempt).rejects.toThrow(ConfigurationError)
    await expect(attempt).rejects.toMatchObject({
      problems: [
        { place: '--environment', text: expect.stringContaining('"../x" can\'t be the name of an environment') },
        { place: '--config dir', text: 'is a folder, not a file' },
        { place: '--options none.ts', text: 'there is no such file' },
      ],
    })
  })

  it.each([
    ['nothing', 'export const other = 1', 'must export the options as its default export or as "options"'],
    ['a list', 'export default []', 'must export the options as its default export or as "options"'],
    ['a function', 'export default () => ({})', 'must export the options as its default export or as "options"'],
    ['an exception', "throw new Error('no database')", "can't be loaded: no database"],
  ])('refuses a module that gives %s, naming it', async (_, text, problem) => {
    const folder = folderWith({ 'a.mjs': text })
    await expect(optionsForCommand({ options: './a.mjs' }, folder)).rejects.toThrow(`--options ./a.mjs: ${problem}`)
  })
})

it('configurationForCommand prints the warnings of the configuration', () => {
  environmentWith({ AWS_DYNAMO_DB_SESSION_TABLE_NAM: 'x' })
  const logger = recordingLogger()
  configurationForCommand({ root: folderWith() }, logger)
  expect(logger.warnings).toEqual([expect.stringContaining('AWS_DYNAMO_DB_SESSION_TABLE_NAM is not an option')])
})

describe('runCommand', () => {
  async function outcomeOf(command: () => Promise<void>, debug = '') {
    environmentWith({ DEBUG: debug })
    const before = process.exitCode
    const print = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    onTestFinished(() => print.mockRestore())
    await runCommand(command)
    const { exitCode } = process
    process.exitCode = before
    return { exitCode, printed: print.mock.calls.flat() }
  }

  it('turns an error into its message and exit code 1, without a stack trace', async () => {
    const error = new Error('it broke', { cause: new Error('the disk is full') })
    expect(await outcomeOf(() => Promise.reject(error))).toEqual({
      exitCode: 1,
      printed: ['error: it broke\n  caused by: the disk is full'],
    })
  })

  it.each([
    ['of the error', new TableMissingError('no table'), 'error [TABLE_MISSING]: no table'],
    [
      'of its cause',
      new Error('it broke', { cause: new TableMissingError('no table') }),
      'error [TABLE_MISSING]: it broke\n  caused by: no table',
    ],
    ['not of the base class, which says nothing', new DynamoSessionError('3 errors'), 'error: 3 errors'],
  ])('shows the code %s', async (_, error, text) => {
    expect(await outcomeOf(() => Promise.reject(error))).toEqual({ exitCode: 1, printed: [text] })
  })

  it('has a red label with FORCE_COLOR', async () => {
    vi.stubEnv('FORCE_COLOR', '1')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { printed } = await outcomeOf(() => Promise.reject(new TableMissingError('no table')))
    expect(printed).toEqual(['\u001b[31merror [TABLE_MISSING]:\u001b[39m no table'])
  })

  it('prints the stack traces of the error and its causes when DEBUG is set', async () => {
    const error = new Error('it broke', { cause: Object.assign(new Error('disk'), { code: 'EIO' }) })
    const { exitCode, printed } = await outcomeOf(() => Promise.reject(error), '1')
    expect(exitCode).toBe(1)
    expect(printed.join()).toMatch(/^Error: it broke\n {4}at [\s\S]*\ncaused by: Error: disk\n {4}at [\s\S]*code: EIO$/)
  })

  it('lists every problem of a configuration', async () => {
    const options = { tableNam: 'x', maxAge: 0, root: folderWith() }
    const { exitCode, printed } = await outcomeOf(async () => void configurationForCommand(options as object))
    expect(exitCode).toBe(1)
    expect(printed).toHaveLength(1)
    expect(printed[0]).toContain('error [CONFIGURATION]: 2 problems in the configuration of dynamo-session-store:')
    expect(printed[0]).toContain('option tableNam: is not an option of dynamo-session-store; did you mean "tableName"?')
    expect(printed[0]).toContain('option maxAge: must be a whole number of seconds, at least 1, not 0')
  })

  it('leaves the exit code alone when nothing fails', async () => {
    expect(await outcomeOf(() => Promise.resolve())).toEqual({ exitCode: undefined, printed: [] })
  })
})
