import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const PAGE = readFileSync(join(ROOT, 'docs/security.md'), 'utf8')
const ROWS = PAGE.split('\n').filter((line) => line.startsWith('| '))

/** The requirements of OWASP ASVS 5.0 that concern a library for sessions. */
const REQUIREMENTS = [
  ...['3.3.1', '3.3.2', '3.3.3', '3.3.4'],
  ...['7.1.1', '7.1.2', '7.2.1', '7.2.2', '7.2.3', '7.2.4', '7.3.1', '7.3.2'],
  ...['7.4.1', '7.4.2', '7.4.3', '7.4.5', '7.5.1', '7.5.2', '7.5.3'],
  ...['11.2.4', '11.3.1', '11.3.2', '11.3.3', '11.3.4', '11.3.5', '11.4.1', '11.5.1'],
  ...['13.2.2', '13.3.4', '14.2.7', '14.3.2'],
  ...['15.4.2', '15.4.3', '16.2.5', '16.3.3', '16.5.2', '16.5.3'],
]

/** Faults of other libraries for sessions. */
const ADVISORIES = [
  ...['CVE-2015-5143', 'CVE-2015-5963', 'CVE-2019-16782', 'CVE-2023-30861', 'CVE-2024-31999', 'CVE-2024-35220'],
  ...['CVE-2025-7339', 'CVE-2025-46336', 'CVE-2025-48947', 'CVE-2025-64762', 'CVE-2026-39324', 'GHSA-xg6x-h9c9-2m83'],
]

it('docs/security.md names only tests that exist', () => {
  const named = [...new Set([...PAGE.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path))]
  expect(named.length).toBeGreaterThan(30)
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

it.each(REQUIREMENTS)(
  'docs/security.md says of ASVS %s who meets it, and names a test or the application',
  (number) => {
    const rows = ROWS.filter((row) => row.startsWith(`| ${number} |`))
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatch(/\| (Library|Application|Operator): /)
    expect(rows[0]).toMatch(/`test\/|Application: only|does not apply/)
  },
)

it.each(ADVISORIES)('docs/security.md names a test for %s, which names the advisory', (advisory) => {
  const [row = ''] = ROWS.filter((line) => line.includes(advisory))
  const paths = [...row.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path)
  expect(paths.filter((path) => readFileSync(join(ROOT, path), 'utf8').includes(advisory))).not.toEqual([])
})
