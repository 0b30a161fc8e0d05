import {
  CreateTableCommand,
  type DynamoDBClient,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { beforeEach, expect, it } from 'vitest'
import type { Options } from '../../../runtime/configuration/options.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import { compareTable, differencesOf, type SettingComparison } from '../../../runtime/table/compare-table.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { readLiveTable } from '../../../runtime/table/live-table.js'
import { createTableInput } from '../../../runtime/table/table-input.js'
import { workOnTable } from '../../../runtime/table/table-work.js'
import { updateTable } from '../../../runtime/table/update-table.js'
import { environmentWith } from '../../support/folder.js'
import { type Drift, KEPT } from './drifts.js'

/** How a suite reaches its tables. */
export interface Place {
  options(): { tableName: string; endpoint: string; region: string }
  client(): DynamoDBClient
}

async function comparisons(options: Options): Promise<SettingComparison[]> {
  return await workOnTable(options, {}, async (work) => {
    const live = await readLiveTable(work)
    if (!live) throw new Error('there is no table')
    return compareTable(work.configuration, live)
  })
}

async function make(place: Place, at: ReturnType<Place['options']>, { made, raw, changed, ttl }: Drift): Promise<void> {
  const client = place.client()
  const { tableName: TableName } = at
  const active = () => waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 0.01, maxDelay: 0.1 }, { TableName })
  if (raw) {
    await client.send(new CreateTableCommand(raw(createTableInput(resolveConfiguration({ ...at, ...made })))))
    await active()
  }
  await createTable({ ...at, ...made })
  if (changed) {
    await client.send(new UpdateTableCommand({ ...changed, TableName }))
    await active()
  }
  if (ttl === undefined) return
  const TimeToLiveSpecification = { Enabled: true, AttributeName: ttl }
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }))
}

/** For each drift: finds it and nothing else, and brings the table back. For each declaration: finds no difference. */
export function findsEach(place: Place, drifts: readonly Drift[], equal: readonly Options[]): void {
  beforeEach(() => environmentWith())

  it.each(drifts)('finds that the table $title, and nothing else', async (drift) => {
    const at = place.options()
    await make(place, at, drift)
    const declared = { ...at, ...drift.declared }
    expect(differencesOf(await comparisons(declared)).map(({ setting }) => setting)).toEqual([drift.setting])

    const removals = { removeIndexes: drift.remedy === 'removeIndexes', removeTags: drift.remedy === 'removeTags' }
    if (drift.remedy === 'never') {
      await expect(updateTable(declared)).rejects.toMatchObject({ code: 'TABLE_SCHEMA' })
      return
    }
    if (drift.remedy) {
      const { changed, left } = await updateTable(declared)
      expect({ changed, left: left.map(({ setting }) => setting) }).toEqual({ changed: [], left: [drift.setting] })
    }
    expect(await updateTable(declared, removals)).toEqual({ changed: [drift.setting], left: [] })
    expect(await updateTable(declared, removals)).toEqual({ changed: [], left: [] })
  })

  it.each(KEPT.filter(({ stub }) => !stub || drifts.some((drift) => drift.stub)))(
    'finds no difference in the table that $title, where no option says so, and changes nothing',
    async ({ declared: options, made }) => {
      const at = place.options()
      await createTable({ ...at, ...made })
      const declared = { ...at, ...options }
      expect(differencesOf(await comparisons(declared))).toEqual([])
      expect(await updateTable(declared)).toEqual({ changed: [], left: [] })
    },
  )

  it.each(equal)('finds no difference in the table that createTable made from %j', async (options) => {
    const declared = { ...place.options(), ...options }
    await createTable(declared)
    expect(differencesOf(await comparisons(declared))).toEqual([])
  })
}
