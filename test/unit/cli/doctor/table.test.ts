import type { IndexStatus, TableStatus } from '@aws-sdk/client-dynamodb'
import { beforeEach, describe, expect, it } from 'vitest'
import { indexFindings, statusFinding, timeToLiveFinding } from '../../../../runtime/cli/doctor/table.js'
import type { Options } from '../../../../runtime/configuration/options.js'
import { type Configuration, resolveConfiguration } from '../../../../runtime/configuration/resolve.js'
import { compareTable } from '../../../../runtime/table/compare-table.js'
import type { TableFacts } from '../../../../runtime/table/describe-table.js'
import type { TimeToLive } from '../../../../runtime/table/time-to-live.js'
import { environmentWith, folderWith } from '../../../support/folder.js'
import { indexFacts, liveTable, tableFacts } from '../../../support/table-facts.js'

beforeEach(() => environmentWith())

function status(of: TableStatus) {
  return statusFinding(tableFacts({ name: 'visits', status: of }))
}

describe('the indexes of the table', () => {
  const facts = (indexes: TableFacts['indexes']) => tableFacts({ name: 'visits', indexes })
  const index = (name: string, status: IndexStatus, key = name, type: 'S' | 'N' = 'S') =>
    indexFacts(name, { status, key: [{ name: key, type }] })
  const wanted = (...indexKeys: string[]) => resolveConfiguration({ indexKeys, root: folderWith() })

  function findingsOf(table: TableFacts, configuration: Configuration) {
    return indexFindings(compareTable(configuration, liveTable({ table })), table, configuration)
  }

  it('are fine when the configuration needs none', () => {
    const findings = findingsOf(facts([]), wanted())
    expect(findings).toEqual([{ level: 'ok', check: 'indexes', text: 'none needed, index_keys is empty' }])
  })

  it('that are not declared are a warning, with the remedies', () => {
    const remedy = 'add "other" to index_keys, or npx dynamo-session update-table --remove-indexes'
    const text = '"other-index" is not declared (index_keys: code)'
    expect(findingsOf(facts([index('other', 'ACTIVE')]), wanted())).toEqual([
      { level: 'warning', check: 'indexes', text, remedy },
    ])
  })

  it('have a finding each: usable, being created, missing, with a wrong key, or with another projection', () => {
    const table = facts([
      index('a', 'ACTIVE'),
      index('b', 'UPDATING'),
      index('c', 'CREATING'),
      index('d', 'ACTIVE', 'x'),
      index('f', 'ACTIVE', 'f', 'N'),
      indexFacts('g', { projection: 'ALL' }),
    ])
    const findings = findingsOf(table, wanted('a', 'b', 'c', 'd', 'e', 'f', 'g'))
    expect(findings.map(({ level }) => level)).toEqual(['ok', 'ok', 'warning', 'error', 'error', 'error', 'warning'])
    expect(findings[2]).toMatchObject({ text: '"c-index" is CREATING' })
    expect(findings[3]?.text).toMatch(
      /"d-index" of table "visits" has the key "x" \(S\), but sessions need "d" \(S\) alone/,
    )
    expect(findings[4]).toMatchObject({
      text: '"e-index" is missing (index_keys: code)',
      remedy: expect.stringMatching(/-- --index e\b.*update-table/),
    })
    expect(findings[5]?.text).toContain('has the key "f" (N)')
    expect(findings[6]).toMatchObject({
      text: '"g-index" has "g" (S), ALL instead of "g" (S), KEYS_ONLY',
      remedy: expect.stringContaining('--remove-indexes'),
    })
  })
})

describe('the state of the table', () => {
  it.each([
    ['ACTIVE', 'ok', undefined],
    ['UPDATING', 'warning', /can be used while/],
    ['CREATING', 'error', /run doctor again in a minute/],
    ['DELETING', 'error', /create it/],
  ] as const)('%s is %s', (state, level, remedy) => {
    const finding = status(state)
    expect(finding).toMatchObject({ level, text: `"visits" is ${state}` })
    if (remedy) expect(finding.remedy).toMatch(remedy)
    else expect(finding.remedy).toBeUndefined()
  })

  it('INACCESSIBLE_ENCRYPTION_CREDENTIALS is an error that explains the KMS key', () => {
    expect(status('INACCESSIBLE_ENCRYPTION_CREDENTIALS')).toMatchObject({
      level: 'error',
      text: expect.stringContaining('KMS key'),
    })
  })
})

describe('Time to Live', () => {
  function finding(ttl: TimeToLive | undefined, options: Options = {}) {
    const configuration = resolveConfiguration({ root: folderWith(), ...options })
    const timeToLive = ttl === undefined ? { lacking: 'Time to Live' } : { value: ttl }
    const comparison = compareTable(configuration, liveTable({ timeToLive })).find(({ option }) => option === 'ttl')
    if (!comparison) throw new Error('Time to Live is not compared')
    return timeToLiveFinding(comparison, configuration)
  }
  const off: TimeToLive = { status: 'DISABLED', attribute: undefined }

  it('is fine on expire_at, also while DynamoDB switches it on', () => {
    expect(finding({ status: 'ENABLED', attribute: 'expire_at' })).toEqual({
      level: 'ok',
      check: 'time to live',
      text: 'on expire_at',
    })
    expect(finding({ status: 'ENABLING', attribute: 'expire_at' }).level).toBe('ok')
  })

  it('on another attribute is an error, and a warning when ttl is false', () => {
    const other: TimeToLive = { status: 'ENABLED', attribute: 'expires' }
    expect(finding(other)).toMatchObject({ level: 'error', text: expect.stringMatching(/"expires".*"expire_at"/) })
    expect(finding(other, { ttl: false }).level).toBe('warning')
  })

  it('is a warning with the remedy when it is off, unless the configuration says so', () => {
    expect(finding(off)).toMatchObject({ level: 'warning', remedy: expect.stringContaining('set ttl: true') })
    expect(finding(off, { ttl: true }).remedy).toBe('npx dynamo-session update-table')
    expect(finding(off, { endpoint: 'http://localhost:1' }).remedy).toContain('none for an emulator')
    expect(finding({ status: 'DISABLING', attribute: 'expire_at' }).text).toContain('may take an hour')
    expect(finding(off, { ttl: false })).toMatchObject({ level: 'ok', text: 'off, as ttl says (code)' })
  })

  it('is a warning when the endpoint does not support it', () => {
    expect(finding(undefined)).toMatchObject({ level: 'warning', text: expect.stringContaining('has no Time to Live') })
  })
})
