import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { check, type Rule } from '../../history/check.js'
import { run } from '../../history/run.js'
import { BREAKAGES, type Breakage, settingsFrom, TROUBLES } from '../../history/settings.js'

/** Which rule finds which breakage. */
const FOUND_BY: Readonly<Record<Breakage, Rule>> = {
  'lost-deletes': 'opened after logout',
  'lost-updates': 'change lost',
  unconditional: 'change lost',
  'foreign-items': 'session of another user',
  'late-repeat': 'change lost',
  'kept-ids': 'opened by an old id',
  'no-locking': 'counter wrong',
  'no-expiry': 'expired session served',
  'rogue-cleaner': 'live session lost',
}

/** Without faults, so that nothing but the breakage breaks a promise. */
const WITHOUT = TROUBLES.filter((name) => name !== 'regenerate' && name !== 'logout').join(',')

/** How many requests the breakage gets, on a machine that has time for them. */
const SIZE = ['--operations', '900', '--minutes', '1.5', '--seed', '7', '--clients', '24']

/** Sessions expire after six seconds without a request, so that takes time rather than requests. */
const LONG = ['--operations', '100000', '--minutes', '0.6', '--seed', '7', '--clients', '24']

describe('the history checker', () => {
  it.each(BREAKAGES)('finds the breakage %s in what real servers did', { timeout: 240_000 }, async (breakage) => {
    const size = breakage === 'no-expiry' ? LONG : SIZE
    const settings = settingsFrom([...size, '--without', WITHOUT, '--break', breakage])
    if (settings === 'help') throw new Error('these are settings')
    const { history } = await run(settings)
    expect(check(history).violations.map(({ rule }) => rule)).toContain(FOUND_BY[breakage])
  })

  it('finds nothing where nothing is broken', { timeout: 240_000 }, async () => {
    const settings = settingsFrom([...SIZE, '--without', `${WITHOUT},regenerate`])
    if (settings === 'help') throw new Error('these are settings')
    const { history } = await run(settings)
    expect(check(history).violations.map(({ rule, text }) => `${rule}: ${text}`)).toEqual([])
  })

  it('ends with exit code 1, the seed, and the requests in question', { timeout: 240_000 }, () => {
    const main = join(import.meta.dirname, '../../history/main.ts')
    const args = ['--no-warnings', '--import', 'tsx', main, ...SIZE, '--without', WITHOUT, '--break', 'lost-deletes']
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(stdout).toContain('npm run check:history -- --seed 7')
    expect(stdout).toMatch(/BROKEN \d+ times: No cookie opens a session after its logout was acknowledged/)
    expect(stdout).toMatch(/> .* logout by [0-9a-f]{6} → acknowledged/)
    expect(status).toBe(1)
  })
})
