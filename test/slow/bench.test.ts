import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

describe('npm run bench', () => {
  it('measures a row, and says with what, on what machine, and how it compares', { timeout: 120_000 }, ({ skip }) => {
    const before = results()
    const stdout = measured(skip, 'latency')
    expect(stdout).toMatch(/^\d{4}-\d\d-\d\d · .+, \d+ cores? · .+ · Node \d+\.\d+\.\d+$/m)
    expect(stdout).toMatch(
      /dynamo-session-store \d+\.\d+\.\d+ · connect-dynamodb 3\.0\.5 · @aws-sdk\/client-dynamodb 3\./,
    )
    expect(stdout).toMatch(/^ +ours +connect-dynamodb +raw itself +compared/m)
    expect(stdout).toMatch(/^ {2}get, p50: added to raw, µs( +-?[\d .]+){3} {2}/m)
    expect(stdout).toContain('Goals met: 0 of 0')
    const tooLong = stdout.split('\n').filter((line) => line.length > 120)
    expect(tooLong).toEqual([])
    expect(results()).toBe(before)
  })

  it('judges goals by another measurement and by a fixed limit', { timeout: 120_000 }, ({ skip }) => {
    const stdout = measured(skip, 'cold-start', 'lines')
    expect(stdout).toMatch(/^ {2}keys in ENV: CPU time, ms( +\d[\d .]*){5} +\d[\d.]*× +≤ 0.75×$/m)
    expect(stdout).toMatch(/^ {2}keys in ENV: peak resident .+ ≤ 56 MB$/m)
    const lines = /^ {2}all, lines +(\d[\d ]*\d) +≤ 1 400 lines\n +(met|MISSED)$/m.exec(stdout)
    expect(lines?.[2]).toBe(Number(lines?.[1]?.replace(' ', '')) <= 1400 ? 'met' : 'MISSED')
    expect(stdout).toMatch(/^Goals met: \d of 5$/m)
  })

  it('counts what compressing saves', { timeout: 120_000 }, ({ skip }) => {
    expect(measured(skip, 'compress')).toMatch(/^ {2}write units of a save, units +11 +3 +3$/m)
  })

  it('names the existing rows when it is asked for an unknown row', () => {
    const { status, stderr } = bench('latency', 'speed')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^there are no rows called speed; there are: .*capacity, .*latency/)
  })
})

/** What a quick run printed. */
function measured(skip: (note: string) => void, ...rows: string[]): string {
  const { status, stdout, stderr } = bench('--quick', ...rows)
  if (/npm ci [\s\S]*(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH)/.test(stderr)) {
    skip('connect-dynamodb, which we are measured against, is not installed in bench/ and the registry is out of reach')
  }
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

function bench(...args: string[]) {
  return spawnSync(process.execPath, ['bench/run.mjs', ...args], { cwd: ROOT, encoding: 'utf8' })
}

/** What a full run left: a quick one must not touch it. */
function results(): string | undefined {
  const file = join(ROOT, 'bench/results.json')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
