import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import nodePlop from 'node-plop'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { addGenerator } from '../../../../generators/plop/add-generator.js'
import { registerPrompts } from '../../../../generators/plop/prompts.js'
import type { Questions } from '../../../../generators/plop/questions.js'
import type { Generator } from '../../../../generators/plop/run-generator.js'
import { application } from '../application.js'

const QUESTIONS = {
  name: {
    message: 'Name:',
    help: 'Name of the file',
    problem: (text: string) => (text === 'bad' ? 'a bad name' : undefined),
  },
  language: { message: 'Language:', help: 'ts or js', choices: ['ts', 'js'], default: () => 'js' },
  'target-dir': { message: 'Folder:', help: 'Folder of the file', asked: false },
} satisfies Questions

/** A generator whose file may be package.json, which exists with another text. */
const JSON_NOTE = { questions: { ...QUESTIONS, language: { ...QUESTIONS.language, choices: ['json'] } } as never }

afterEach(() => void vi.restoreAllMocks())

/** A plop with the generator `note`, in an application of its own. `line` is the command line of plop. */
async function noteGenerator(line?: string, more: Partial<Generator<typeof QUESTIONS>> = {}) {
  const app = application()
  const plop = await nodePlop('', { destBasePath: app.root, force: false })
  registerPrompts(plop)
  await addGenerator(
    plop,
    {
      name: 'note',
      sentence: 'Writes a note.',
      questions: QUESTIONS,
      examples: ['Hello'],
      plan: ({ name = 'none', language = '', 'target-dir': folder = '.' }, { root, force, undo }) => ({
        files: [{ path: join(root, folder, `${name}.${language}`), text: `${name} ${force} ${undo}\n` }],
        notices: ['a notice'],
        next: 'npx next',
      }),
      ...more,
    },
    {
      force: false,
      argv:
        line === undefined ? ['node', 'scaffold.js', 'note', '--force', '-f'] : ['node', 'plop', ...line.split(' ')],
    },
  )
  return { ...app, generator: plop.getGenerator('note') }
}

/** Prints nothing. */
function printed(_: unknown, done?: unknown, called?: unknown): boolean {
  for (const callback of [done, called]) if (typeof callback === 'function') callback()
  return true
}

/** Runs the generator as plop does. plop finds no value itself, because its own parser is not part of this test. */
async function runLine(line: string) {
  vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  const { generator, files, read } = await noteGenerator(line)
  const { changes, failures } = await generator.runActions(await generator.runPrompts([]))
  return { files: files(), read, changes, error: failures[0]?.error, text: changes.map(({ path }) => path).join('\n') }
}

describe('a generator that code runs', () => {
  it('writes its file, names it by its absolute path, and prints nothing', async () => {
    const { root, read, generator } = await noteGenerator()
    const spies = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')]
    const { changes, failures } = await generator.runActions({ name: 'hello' })
    for (const spy of spies) expect(spy).not.toHaveBeenCalled()
    expect(failures).toEqual([])
    expect(changes).toEqual([{ type: 'function', path: join(root, 'hello.js') }])
    expect(read('hello.js')).toBe('hello false false\n')
  })

  it('takes values by position as plop does, checked, and asks for nothing without a terminal', async () => {
    const { generator, files } = await noteGenerator()
    const answers = await generator.runPrompts(['hello', 'ts'])
    expect(answers).toMatchObject({ name: 'hello', language: 'ts' })
    await expect(generator.runPrompts(['bad'])).rejects.toThrow('a bad name')
    await expect(generator.runPrompts(['hello', 'coffee'])).rejects.toThrow('language must be one of ts, js')
    await generator.runActions(answers)
    expect(files()).toEqual(['hello.ts', 'package.json'])
  })

  it.each([
    [{ name: 5 }, 'name must be a text, not 5'],
    [{ name: null }, 'name must be a text, not null'],
    [{ name: ['a'] }, 'name must be a text, not ["a"]'],
    [{ name: () => 'a' }, 'name must be a text, not a function'],
    [{ name: 'bad' }, 'a bad name'],
    [{ language: 'coffee' }, 'language must be one of ts, js, not "coffee"'],
    [{ 'dry-run': 'yes' }, 'dry-run must be true or false, not "yes"'],
    [{ dryRun: 1 }, 'dryRun must be true or false, not 1'],
    [{ dryrun: true }, 'unknown answer "dryrun"; did you mean "dryRun"?'],
    [{ force: true, skip: true }, 'force and skip contradict each other'],
    [5, 'the answers must be an object, not 5'],
    [null, 'the answers must be an object, not null'],
    [['hello'], 'the answers must be an object, not ["hello"]'],
  ])('refuses the answers %j with a message, and writes nothing', async (answers, message) => {
    const { generator, files } = await noteGenerator()
    const { changes, failures } = await generator.runActions(answers as never)
    expect(changes).toEqual([])
    expect(failures).toEqual([{ type: 'function', path: '', error: expect.stringContaining(message) }])
    expect(files()).toEqual(['package.json'])
  })

  it.each(['dryRun', 'dry-run', 'pretend'])('writes nothing with { %s: true }, and names the file', async (flag) => {
    const { root, generator, files } = await noteGenerator()
    const { changes } = await generator.runActions({ name: 'hello', [flag]: true })
    expect(changes).toEqual([{ type: 'function', path: join(root, 'hello.js') }])
    expect(files()).toEqual(['package.json'])
  })

  it('takes names of several words in both spellings, and an empty text for none', async () => {
    const { generator, files } = await noteGenerator()
    await generator.runActions({ name: '', targetDir: 'a', language: undefined })
    await generator.runActions({ 'target-dir': 'b' })
    expect(files()).toEqual(['a/none.js', 'b/none.js', 'package.json'])
  })

  it('ignores the command line, which belongs to another program', async () => {
    const { generator, read } = await noteGenerator()
    expect((await generator.runActions({ name: 'hello' })).failures).toEqual([])
    expect(read('hello.js')).toContain('hello false')
    const { failures } = await generator.runActions({ name: 'hello', language: 'js', targetDir: '.', skip: false })
    expect(failures).toEqual([])
  })

  it('overwrites with { force: true }, leaves with { skip: true }, removes with { undo: true }', async () => {
    const texts = { plan: () => ({ files: [{ path: 'a.txt', text: 'new' }], notices: [], next: [] }) }
    const { root, generator, read } = await noteGenerator(undefined, {
      ...texts,
      plan: (_, context) => ({ ...texts.plan(), files: [{ path: join(context.root, 'package.json'), text: 'new' }] }),
    })
    expect((await generator.runActions({})).failures[0]?.error).toContain('exists already')
    expect(await generator.runActions({ skip: true })).toMatchObject({ failures: [], changes: [{}] })
    expect(read('package.json')).toBe('{}')
    expect((await generator.runActions({ force: true })).failures).toEqual([])
    expect(read('package.json')).toBe('new')
    expect((await generator.runActions({ undo: true })).changes).toEqual([
      { type: 'function', path: join(root, 'package.json') },
    ])
    expect(existsSync(join(root, 'package.json'))).toBe(false)
  })

  it('reports a change for each of several files', async () => {
    const { root, generator } = await noteGenerator(undefined, {
      plan: (_, context) => ({
        files: ['a', 'b', 'c'].map((name) => ({ path: join(context.root, name), text: name })),
        notices: [],
        next: [],
      }),
    })
    const { changes } = await generator.runActions({})
    expect(changes.map(({ path }) => path)).toEqual(['a', 'b', 'c'].map((name) => join(root, name)))
  })

  it('asks the generator whether a file may be removed', async () => {
    const { generator, files } = await noteGenerator(undefined, { keep: async () => 'it is in use' })
    await generator.runActions({ name: 'hello' })
    const { failures } = await generator.runActions({ name: 'hello', undo: true, force: true })
    expect(failures[0]?.error).toBe('it is in use')
    expect(files()).toContain('hello.js')
  })
})

describe('the command line of plop', () => {
  it.each([
    'note hello ts --dry-run',
    'note --dry-run hello ts',
    'note -- --dry-run hello ts',
    'note hello -- ts --pretend',
    'note -p --name hello --language=ts',
    'note -- --language ts -qp --name hello',
    'note _ ts --name hello -p',
    '--dest . note hello ts -p',
  ])('counts before and after "--": plop %s', async (line) => {
    const { text, files } = await runLine(line)
    expect(text).toContain('dry run: hello.ts would be written')
    expect(files).toEqual(['package.json'])
  })

  it.each([
    ['note --colour red', "unknown option '--colour'"],
    ['note -- --colour red', "unknown option '--colour'"],
    ['note --dryrun', '(Did you mean --dry-run?)'],
    ['note --dry-run=false', "unknown option '--dry-run=false'"],
    ['note -x', "unknown option '-x'"],
    ['note hello ts . ', 'unexpected argument "."'],
    ['note hello --name other', 'name is given twice: "hello", and --name "other"'],
    ['note --name', '--name needs a value; see npx plop note --help'],
    ['note --name=', '--name needs a value'],
    ['note --name --dry-run', '--name needs a value, not "--dry-run"'],
    ['note bad', 'a bad name'],
    ['note hello coffee', '--language must be one of ts, js, not "coffee"'],
    ['other --name hello', '--name must come after "--"'],
    ['other hello -- ts', '"ts" must come before "--"'],
  ])('is refused before anything is written or asked: plop %s', async (line, message) => {
    const { generator, files } = await noteGenerator(line)
    await expect(generator.runPrompts([])).rejects.toThrow(message)
    expect(files()).toEqual(['package.json'])
  })

  it('refuses a file that exists already', async () => {
    const { generator, read } = await noteGenerator('note package json', JSON_NOTE)
    const { failures } = await generator.runActions(await generator.runPrompts([]))
    expect(failures[0]?.error).toContain('package.json exists already')
    expect(read('package.json')).toBe('{}')
  })

  it('names the program that runs plop with the package manager of the application', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(printed)
    const plop = async (line: string) => {
      const { generator, root } = await noteGenerator(line)
      writeFileSync(join(root, 'pnpm-lock.yaml'), '')
      return generator
    }
    await expect((await plop('note a ts b')).runPrompts([])).rejects.toThrow('"b"; see pnpm exec plop note --help')
    await expect((await plop('note --colour')).runPrompts([])).rejects.toThrow('; see pnpm exec plop note --help')
    await expect((await plop('other hello -- ts')).runPrompts([])).rejects.toThrow(': pnpm exec plop note ts')
    await (await plop('other --help')).runActions({})
    expect(write.mock.calls.join('')).toContain('Usage: pnpm exec plop note [name]')
    expect(write.mock.calls.join('')).toContain('  $ pnpm exec plop note Hello')
  })

  it('prints what was written, then notices and the next command; with --quiet only what was written', async () => {
    expect((await runLine('note hello')).text).toBe('hello.js was written\n   note: a notice\n   Next: npx next')
    expect((await runLine('note hello -q')).text).toBe('hello.js was written')
    expect((await runLine('note hello --undo')).text).toContain('hello.js does not exist: nothing to remove')
    expect((await runLine('note hello --force --skip')).error).toContain('contradict each other')
  })

  it.each(['note package json --dry-run', 'note package json --undo --dry-run'])(
    'fails in a dry run if the real run would fail: plop %s',
    async (line) => {
      vi.spyOn(process.stdout, 'write').mockReturnValue(true)
      const errors: (string | undefined)[] = []
      for (const each of [line, line.replace(' --dry-run', '')]) {
        const { generator } = await noteGenerator(each, JSON_NOTE)
        const { failures } = await generator.runActions(await generator.runPrompts([]))
        errors.push(failures[0]?.error)
      }
      expect(errors[0]).toMatch(/^package\.json .* was left as it is; --force/)
      expect(errors[0]).toBe(errors[1])
      const { generator } = await noteGenerator(undefined, JSON_NOTE)
      const given = { name: 'package', language: 'json', dryRun: true, undo: line.includes('--undo') }
      expect((await generator.runActions(given)).failures[0]?.error).toBe(errors[0])
    },
  )

  it('prints no contents with --undo --dry-run, also of a file that was changed', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const { generator } = await noteGenerator('note package json --undo --dry-run', JSON_NOTE)
    const { changes, failures } = await generator.runActions(await generator.runPrompts([]))
    expect([...changes.map(({ path }) => path), ...failures.map(({ error }) => error)].join()).toContain('package.json')
    expect(write.mock.calls.join()).not.toContain('package false true')
  })

  it('leaves values to plop where only plop knows the name of the generator', async () => {
    vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const { generator, files } = await noteGenerator('renamed hello --dry-run -- --language ts')
    const answers = await generator.runPrompts(['hello', 'ts'])
    const { changes } = await generator.runActions(answers)
    expect(changes[0]?.path).toContain('dry run: hello.ts would be written')
    expect(files()).toEqual(['package.json'])
  })
})
