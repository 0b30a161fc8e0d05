import type { Options } from '../configuration/options.js'
import type { SettingComparison } from './compare-table.js'
import { type TableContext, workOnTable } from './table-work.js'

/** How `updateTable` does its work. */
export interface UpdateTableContext extends TableContext {
  /**
   * Delete indexes that `indexKeys` does not declare. Indexes with another key or projection than declared are deleted and
   * added again.
   *
   * @default false
   */
  readonly removeIndexes?: boolean | undefined
  /**
   * Remove tags that `tags` does not declare.
   *
   * @default false
   */
  readonly removeTags?: boolean | undefined
}

export interface UpdateTableResult {
  /** The settings that this call changed, in this order, such as `billing_mode`. Empty: the table was as declared. */
  readonly changed: readonly string[]
  /** The settings that still differ, or are unknown. `change` says how to make them the same. */
  readonly left: readonly SettingComparison[]
}

export async function updateTable(options: Options = {}, context: UpdateTableContext = {}): Promise<UpdateTableResult> {
  return await workOnTable(options, context, async (work) => {
    throw new Error(`not yet ${work.label}`)
  })
}
