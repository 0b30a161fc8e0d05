import { describe, expect, it } from 'vitest'
import { createUmzugProgram } from '../../../runtime/cli/umzug-program.js'
import { parseArguments } from './parse-arguments.js'

const parse = (line: string) => parseArguments(createUmzugProgram(), line.split(' '))

const FLAGS = {
  up: ['--to <name>', '--step <count>', '--name <migration>', '--rerun <how>', '--dry-run'],
  down: ['--to <name>', '--step <count>', '--name <migration>', '--rerun <how>', '--dry-run', '--yes'],
  pending: ['--json'],
  executed: ['--json'],
  status: ['--check'],
  baseline: ['--to <name>'],
  repair: [],
  unlock: [],
  create: ['--name <name>', '--folder <path>', '--language <language>', '--force', '--dry-run'],
}
const COMMANDS = Object.keys(FLAGS)
const SHARED = ['--environment <name>', '--config <file>', '--options <module>']

describe('umzug --help', () => {
  it('names every command, the shared options and examples', async () => {
    const { code, out } = await parse('--help')
    expect(code).toBe(0)
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^ {2}${command} `, 'm'))
    for (const option of SHARED) expect(out).toContain(option)
    expect(out).toContain('$ npx umzug up')
  })

  it.each(Object.entries(FLAGS))(
    'shows the options of %s, those of all commands and an example',
    async (command, own) => {
      const { code, out } = await parse(`${command} --help`)
      expect(code).toBe(0)
      for (const option of [...own, ...SHARED]) expect(out).toContain(`\n  ${option} `)
      expect(out).toContain(`$ npx umzug ${command}`)
    },
  )

  it('has only examples that it accepts itself', async () => {
    const texts = await Promise.all(['--help', ...COMMANDS.map((name) => `${name} --help`)].map(parse))
    const examples = texts.flatMap(({ out }) => [...out.matchAll(/\$ npx umzug (.+)/g)].map(([, line = '']) => line))
    expect(examples.length).toBeGreaterThan(10)
    for (const example of examples) {
      const { code, out, err } = await parse(`${example} --help`)
      expect({ example, code, err }).toEqual({ example, code: 0, err: '' })
      expect(out).toContain(`Usage: umzug ${example.split(' ')[0]}`)
    }
  })
})

describe('mistyped arguments of umzug', () => {
  it.each([
    { line: 'pendign', message: "unknown command 'pendign'", hint: 'Did you mean pending?' },
    { line: 'status --chekc', message: "unknown option '--chekc'", hint: 'Did you mean --check?' },
    { line: 'up 1_a', message: "too many arguments for 'up'", hint: 'Expected 0 arguments' },
    { line: 'up --to', message: "option '--to <name>' argument missing", hint: '' },
    { line: 'up --environment', message: "option '--environment <name>' argument missing", hint: '' },
    { line: 'up --step x', message: "option '--step <count>' argument 'x' is invalid", hint: 'a whole number' },
    { line: 'up --step -1', message: "option '--step <count>' argument '-1' is invalid", hint: 'a whole number' },
    { line: 'up --to 1_a --step 1', message: "'--to <name>' cannot be used with option '--step <count>'", hint: '' },
    {
      line: 'up --to 1_a --name 1_a',
      message: "'--to <name>' cannot be used with option '--name <migration>'",
      hint: '',
    },
    { line: 'down --step 1 --name 1_a', message: "cannot be used with option '--name <migration>'", hint: '' },
    { line: 'up --name 1_a --rerun YES', message: "argument 'YES' is invalid", hint: 'THROW, SKIP, ALLOW' },
  ])('$line is an error with exit code 1', async ({ line, message, hint }) => {
    const { code, err } = await parse(line)
    expect(code).toBe(1)
    expect(err).toContain(message)
    expect(err).toContain(hint)
  })
})
