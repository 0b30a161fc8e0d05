import { memoryStorage, Umzug } from 'umzug'
import { afterEach, expect, it, vi } from 'vitest'
import { UMZUG_COMMANDS } from '../../../runtime/cli/umzug-commands.js'

afterEach(() => vi.restoreAllMocks())

/** An umzug of an application, over migrations that note what runs. */
function umzugOf(names: readonly string[] = ['1_a', '2_b', '3_c']) {
  const runs: string[] = []
  const logged: unknown[] = []
  const log = (line: unknown) => void logged.push(line)
  const umzug = new Umzug({
    migrations: names.map((name) => ({
      name,
      up: async () => void runs.push(`up ${name}`),
      down: async () => void runs.push(`down ${name}`),
    })),
    storage: memoryStorage(),
    logger: { info: log, warn: log, error: log, debug: log },
  })
  return { umzug, runs, logged }
}

function printed(): string[] {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(line))
  return lines
}

it('runs all migrations, or those that --to, --step and --name say', async () => {
  const { umzug, runs, logged } = umzugOf(['1_a', '2_b', '3_c', '4_d', '5_e'])
  await UMZUG_COMMANDS.up(umzug, { to: '2_b' })
  await UMZUG_COMMANDS.up(umzug, { step: 1 })
  await UMZUG_COMMANDS.up(umzug, { name: ['5_e'] })
  await UMZUG_COMMANDS.up(umzug, {})
  expect(runs).toEqual(['up 1_a', 'up 2_b', 'up 3_c', 'up 5_e', 'up 4_d'])
  expect(logged).toContainEqual({ event: 'up', message: 'applied 2 migrations.' })
})

it('reverts the last migration, or those that --to, --step and --name say', async () => {
  const { umzug, runs, logged } = umzugOf(['1_a', '2_b', '3_c', '4_d', '5_e', '6_f'])
  await umzug.up()
  runs.length = 0
  await UMZUG_COMMANDS.down(umzug, {})
  await UMZUG_COMMANDS.down(umzug, { step: 1 })
  await UMZUG_COMMANDS.down(umzug, { to: '4_d' })
  await UMZUG_COMMANDS.down(umzug, { name: ['1_a'] })
  await UMZUG_COMMANDS.down(umzug, { to: '0' })
  expect(runs).toEqual(['down 6_f', 'down 5_e', 'down 4_d', 'down 1_a', 'down 3_c', 'down 2_b'])
  expect(logged).toContainEqual({ event: 'down', message: 'reverted 2 migrations.' })
})

it('does with --rerun what umzug does, and only with --name', async () => {
  const { umzug, runs } = umzugOf()
  await umzug.up()
  runs.length = 0
  await expect(UMZUG_COMMANDS.up(umzug, { name: ['1_a'] })).rejects.toThrow('1_a')
  await UMZUG_COMMANDS.up(umzug, { name: ['1_a'], rerun: 'SKIP' })
  await UMZUG_COMMANDS.up(umzug, { name: ['1_a'], rerun: 'ALLOW' })
  expect(runs).toEqual(['up 1_a'])
  await expect(UMZUG_COMMANDS.up(umzug, { rerun: 'ALLOW' })).rejects.toThrow('--rerun needs --name')
})

it('lists names, a line each, or an array for programs', async () => {
  const { umzug } = umzugOf()
  await umzug.up({ step: 1 })
  const lines = printed()
  await UMZUG_COMMANDS.executed(umzug, {})
  await UMZUG_COMMANDS.pending(umzug, {})
  expect(lines).toEqual(['1_a', '2_b\n3_c'])
  await UMZUG_COMMANDS.pending(umzug, { json: true })
  expect(JSON.parse(lines[2] ?? '')).toEqual([{ name: '2_b' }, { name: '3_c' }])
})

it('ends status --check with exit code 2 while migrations are pending', async () => {
  const { umzug } = umzugOf()
  const lines = printed()
  const { exitCode } = process
  try {
    await UMZUG_COMMANDS.status(umzug, {})
    expect(process.exitCode).toBe(exitCode)
    await UMZUG_COMMANDS.status(umzug, { check: true })
    expect(process.exitCode).toBe(2)
  } finally {
    process.exitCode = exitCode
  }
  expect(lines.slice(0, 4)).toEqual(['pending   1_a', 'pending   2_b', 'pending   3_c', '3 pending'])
})

it('lists with --dry-run what up and down would run, and runs nothing', async () => {
  const { umzug, runs } = umzugOf()
  const lines = printed()
  await UMZUG_COMMANDS.up(umzug, { dryRun: true, to: '2_b' })
  expect(lines).toEqual([
    'dry run: nothing is changed, nothing is logged',
    "would run 1_a: its requests are not known, because the application's umzug loads migrations in its own way",
    "would run 2_b: its requests are not known, because the application's umzug loads migrations in its own way",
    '2 migrations would run',
  ])
  await umzug.up()
  runs.length = 0
  lines.length = 0
  await UMZUG_COMMANDS.down(umzug, { dryRun: true })
  expect(lines.slice(1)).toEqual([expect.stringMatching(/^would revert 3_c: /), '1 migration would be reverted'])
  expect(runs).toEqual([])
})

it('says that it is a dry run before a migration warns', async () => {
  const lines = printed()
  const other = () => expect.unreachable()
  const dryRun = async () => {
    lines.push('a warning')
    return [{ name: '1_a', requests: [] }]
  }
  const umzug = { dryRun, status: other, unlock: other, baseline: other, repair: other } as unknown as Umzug
  await UMZUG_COMMANDS.up(umzug, { dryRun: true })
  expect(lines).toEqual([
    'dry run: nothing is changed, nothing is logged',
    'a warning',
    'would run 1_a',
    '  changes nothing',
    '1 migration would run',
  ])
})

it.each(['baseline', 'repair', 'unlock'] as const)('refuses %s for an umzug of another kind', async (command) => {
  const text = `${command} needs an umzug that was made by createUmzug() of dynamo-session-store/umzug`
  await expect(UMZUG_COMMANDS[command](umzugOf().umzug, {})).rejects.toThrow(text)
})
