import { describe, expect, it } from 'vitest'
import { createProgram } from '../../../runtime/cli/program.js'
import { createUmzugProgram } from '../../../runtime/cli/umzug-program.js'
import { VERSION } from '../../../runtime/version.js'
import { currentFolderWith } from '../../support/folder.js'
import { parseArguments } from './parse-arguments.js'

const parse = (...args: readonly string[]) => parseArguments(createProgram(), args)

const COMMANDS = [
  'init',
  'create-table',
  'plan',
  'update-table',
  'delete-table',
  'clean',
  'list',
  'show',
  'stats',
  'destroy',
  'config',
  'doctor',
  'policy',
  'local',
]

describe('dynamo-session --help', () => {
  it('names every command, the shared options and examples', async () => {
    const { code, out } = await parse('--help')
    expect(code).toBe(0)
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'))
    for (const option of ['--environment <name>', '--config <file>', '--options <module>'])
      expect(out).toContain(option)
    expect(out).toContain('$ npx dynamo-session init')
  })

  it('has the examples of the package manager of the application', async () => {
    currentFolderWith({ 'package.json': '{}', 'pnpm-lock.yaml': '' })
    expect((await parse('plan', '--help')).out).toContain('\n  $ pnpm exec dynamo-session plan')
    expect((await parseArguments(createUmzugProgram(), ['up', '--help'])).out).toContain('\n  $ pnpm exec umzug up')
  })

  it.each(COMMANDS)('shows the shared options and an example for %s', async (command) => {
    const { code, out } = await parse(command, '--help')
    expect(code).toBe(0)
    for (const option of ['--environment <name>', '--config <file>', '--options <module>'])
      expect(out).toContain(option)
    expect(out).toContain(`$ npx dynamo-session ${command}`)
  })

  it.each(COMMANDS)('offers --timeout only where requests are sent: %s', async (command) => {
    const { out } = await parse(command, '--help')
    const sends = !['init', 'config', 'policy', 'local'].includes(command)
    expect(out.includes('--timeout <seconds>')).toBe(sends)
    expect(out.includes('(default: 30)')).toBe(sends)
  })

  it('has only examples that it accepts itself', async () => {
    const texts = await Promise.all(
      ['--help', ...COMMANDS.map((name) => `${name} --help`)].map((line) => parse(...line.split(' '))),
    )
    const examples = texts.flatMap(({ out }) =>
      [...out.matchAll(/\$ npx dynamo-session (.+)/g)].map(([, line = '']) => line),
    )
    expect(examples.length).toBeGreaterThan(10)
    for (const example of examples) {
      const { code, out, err } = await parse(...example.split(' '), '--help')
      expect({ example, code, err }).toEqual({ example, code: 0, err: '' })
      expect(out).toContain(`Usage: dynamo-session ${example.split(' ')[0]}`)
    }
  })

  it('is printed without a command, with exit code 1', async () => {
    const { code, err } = await parse()
    expect(code).toBe(1)
    expect(err).toContain('Usage: dynamo-session [options] [command]')
  })
})

describe('mistyped arguments of dynamo-session', () => {
  it.each([
    { line: 'creat-table', message: "unknown command 'creat-table'", hint: 'Did you mean create-table?' },
    { line: 'config --jsn', message: "unknown option '--jsn'", hint: 'Did you mean --json?' },
    { line: 'doctor --enviroment x', message: "unknown option '--enviroment'", hint: 'Did you mean --environment?' },
    { line: 'delete-table visits', message: "too many arguments for 'delete-table'", hint: 'Expected 0 arguments' },
    { line: 'destroy --json', message: "required option '--by <key=value>' not specified", hint: '' },
    { line: 'doctor --config', message: "option '--config <file>' argument missing", hint: '' },
  ])('$line is an error with exit code 1 and a suggestion', async ({ line, message, hint }) => {
    const { code, err } = await parse(...line.split(' '))
    expect(code).toBe(1)
    expect(err).toContain(message)
    expect(err).toContain(hint)
  })
})

it('dynamo-session --version prints the version of the package', async () => {
  expect(await parse('--version')).toMatchObject({ code: 0, out: `${VERSION}\n` })
})
