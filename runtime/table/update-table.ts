import type { Options } from '../configuration/options.js'
import { ambientTables, isInMigration } from '../configuration/options-in-migrations.js'
import { isAwsError } from '../dynamodb/error-facts.js'
import { ConfigurationError, TableRequestError, TableSchemaError } from '../errors.js'
import { differencesOf, type SettingComparison } from './compare-table.js'
import { differenceText, settingCount, settingText, valueText } from './comparison-text.js'
import { findTable, lookAgain } from './describe-table.js'
import { type LiveTable, readSettings } from './live-table.js'
import { creationRemedy, keyProblem, statusProblem } from './table-problems.js'
import { type TableContext, type TableWork, workOnTable } from './table-work.js'
import { timeToLiveProblem } from './time-to-live.js'
import { madeChange, type Removals, STEPS, type UpdateStep, type UpdateWork } from './update-steps.js'
import { allDeclared, onlyGiven } from './update-target.js'
import { verifyTable } from './verify-table.js'

/** Logger, time limits and removals of a call of `updateTable`. */
export interface UpdateTableContext extends TableContext, Removals {}

export interface UpdateTableResult {
  /** The settings that this call changed, in the order of the changes, such as `billing_mode`. */
  readonly changed: readonly string[]
  /** The settings that still differ, or are unknown. `change` says how to make them the same. */
  readonly left: readonly SettingComparison[]
}

/**
 * Brings the existing table to the declared settings, one change after the other, and waits for each. Running it again is
 * safe: it makes the changes that are left.
 *
 * Indexes and tags that are not declared stay, unless `context` removes them. Deletion protection, point-in-time recovery,
 * a KMS key and maximum request units also stay if their option is not set. Each setting that stays is logged as a
 * warning, and is in the result. With `manageTable: false`, nothing is changed.
 *
 * Billing mode, capacities and table class stay without a warning if their options are not set.
 *
 * Inside a migration that umzug runs, the call changes only the settings in `options`. Configuration and defaults then only
 * say which table is meant and how to reach it. Tags that `options` does not name stay.
 *
 * ```ts
 * await updateTable({ billingMode: 'pay_per_request' }, { logger: console })
 * ```
 *
 * @param options which table, its settings, and how to reach it
 * @param context logger and time limits of the call, and what it may remove
 * @throws {ConfigurationError}
 * @throws {TableSchemaError} when the table can't hold sessions: another key, or Time to Live on another attribute
 * @throws {TableRequestError} when there is no table, DynamoDB refuses a change, a changed setting still differs afterwards,
 *   or at the wait limit
 */
export async function updateTable(options: Options = {}, context: UpdateTableContext = {}): Promise<UpdateTableResult> {
  assertRemovals(context)
  return await workOnTable(options, context, async (work) => {
    if (!work.configuration.manageTable) return { changed: [], left: await verifyTable(work) }
    const reason = ambientTables()?.reasonToChangeNothing()
    if (reason !== undefined) {
      work.logger.warn(`${work.label} stays as it is: ${reason}`)
      return { changed: [], left: [] }
    }
    const { configuration } = work
    const target = isInMigration() ? onlyGiven(configuration, options, context) : allDeclared(configuration)
    let live = await settled(work)
    assertChangeable(work, live)
    const changed: string[] = []
    const lacking = new Set<string>()
    for (const step of STEPS) {
      const due = differencesOf(target.comparisons(live)).filter((difference) => step.makes(difference, context))
      if (due.length === 0) continue
      const change = { work, configuration: target.wanted(live), live, due, removals: context }
      if (!(await run(step, change))) {
        for (const { setting } of due) lacking.add(setting)
        continue
      }
      for (const difference of due) work.logger.info(differenceText(madeChange(difference, context)))
      changed.push(...due.map(({ setting }) => setting))
      live = await settled(work)
    }
    const comparisons = await untilShown(
      work,
      live,
      target.comparisons,
      (comparison) => changed.includes(comparison.setting) && isDue(comparison, context),
    )
    const left = comparisons
      .filter(({ state }) => state !== 'same')
      .map((comparison) => (lacking.has(comparison.setting) ? withoutSetting(comparison) : comparison))
    for (const { setting, live: value, declared, note } of comparisons) {
      if (declared === null && note) work.logger.info(`${setting} stays ${valueText(value)}: ${note}`)
    }
    for (const comparison of left) work.logger.warn(`left as it is: ${settingText(comparison)}`)
    const done = [...new Set(changed)].filter((setting) => !left.some((comparison) => comparison.setting === setting))
    if (changed.length === 0 && left.length === 0) work.logger.info(`${work.label} is as declared already`)
    else work.logger.info(`${work.label}: ${settingCount(done.length)} changed`)
    return { changed: done, left }
  })
}

/** Whether a step makes this difference the same. Without the option `ttl`, the step may leave Time to Live off. */
function isDue(comparison: SettingComparison, removals: Removals): boolean {
  if (comparison.state !== 'differs' || (comparison.option === 'ttl' && comparison.source === 'default')) return false
  return STEPS.some((step) => step.makes(comparison, removals))
}

/** How many times the table is read until it shows all changes. DynamoDB shows changed tags after some seconds. */
const LOOKS = 6

/**
 * Waits until the table shows the changes of the steps.
 *
 * @param isLost whether a step made this change, and the table does not show it
 * @throws {TableRequestError} when the endpoint accepted a change without effect
 */
async function untilShown(
  work: TableWork,
  first: LiveTable,
  compare: (live: LiveTable) => SettingComparison[],
  isLost: (comparison: SettingComparison) => boolean,
): Promise<SettingComparison[]> {
  let live = first
  for (let looks = 1; ; looks += 1) {
    const comparisons = compare(live)
    const lost = comparisons.filter(isLost)
    if (lost.length === 0) return comparisons
    const texts = lost.map(({ setting, live: value }) => `${setting} is still ${valueText(value)}`)
    const state = `${work.label} accepted the update, but ${texts.join(', ')}`
    if (looks === LOOKS) throw new TableRequestError(`${state}; run it again`)
    await work.pause(state)
    live = await settled(work)
  }
}

/** Refuses a text as `removeTags`: every part of the text would count as a name. */
function assertRemovals({ removeTags = false }: Removals): void {
  if (typeof removeTags === 'boolean' || Array.isArray(removeTags)) return
  const text = `must be true or a list of names, such as ['team'], not ${JSON.stringify(removeTags)}`
  throw new ConfigurationError([{ place: 'removeTags', text }])
}

/** The live table, after DynamoDB has finished earlier changes. */
async function settled(work: TableWork): Promise<LiveTable> {
  let table = await findTable(work)
  for (;;) {
    if (!table || table.status === 'DELETING') throw tableMissing(work)
    const problem = statusProblem(table)
    if (problem) throw new TableRequestError(problem)
    if (table.status === 'ACTIVE') return await readSettings(work, table)
    table = await lookAgain(work, `${work.label} is still ${table.status}`)
  }
}

/** The error for work that needs an existing table. */
export function tableMissing(work: TableWork): TableRequestError {
  const remedy = creationRemedy(work.configuration)
  return new TableRequestError(`${work.label} does not exist in this region and account; ${remedy}`)
}

/** @throws {TableSchemaError} before the first change */
function assertChangeable({ configuration }: TableWork, { table, timeToLive }: LiveTable): void {
  const key = keyProblem(table, configuration)
  if (key) throw new TableSchemaError(key)
  if (!configuration.ttl || !('value' in timeToLive)) return
  const ttl = timeToLiveProblem(timeToLive.value, configuration.tableName)
  if (ttl) throw new TableSchemaError(ttl)
}

/**
 * Runs a step. If AWS refuses a change that it limits, the error has the documented limit.
 *
 * @returns false when the endpoint is an emulator without such a setting
 */
async function run(step: UpdateStep, change: UpdateWork): Promise<boolean> {
  try {
    await step.run(change)
    return true
  } catch (error) {
    if (change.work.isLacking(error)) return false
    const limit = change.due.find((difference) => difference.limit)?.limit
    const refused = isAwsError(error, 'LimitExceededException', 'ValidationException')
    if (!limit || !refused || !(error instanceof TableRequestError)) throw error
    const text = `${error.message} (documented limit: ${limit.text}, ${limit.source})`
    throw new TableRequestError(text, { cause: error.cause })
  }
}

/** The comparison of a setting that the endpoint turned out to lack. */
function withoutSetting({ change: _, limit: __, ...comparison }: SettingComparison): SettingComparison {
  const note = `this endpoint has no ${comparison.setting.replaceAll('_', ' ')}`
  return { ...comparison, live: null, state: 'unknown', updatable: false, note }
}
