import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')

describe('npm run bench', () => {
  it('measures a row, and says with what, on what machine, and how it compares', { timeout: 120_000 }, ({ skip }) => {
    const before = results()
    const { status, stdout, stderr } = bench('--quick', 'latency')
    if (/npm ci [\s\S]*(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH)/.test(stderr)) {
      skip(
        'connect-dynamodb, which we are measured against, is not installed in bench/ and the registry is out of reach',
      )
    }
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
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

  it('names the rows that there are when it is asked for another', () => {
    const { status, stderr } = bench('latency', 'speed')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^there are no rows called speed; there are: .*capacity, .*latency/)
  })
})

function bench(...args: string[]) {
  return spawnSync(process.execPath, ['bench/run.mjs', ...args], { cwd: ROOT, encoding: 'utf8' })
}

/** What a full run left: a quick one must not touch it. */
function results(): string | undefined {
  const file = join(ROOT, 'bench/results.json')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
