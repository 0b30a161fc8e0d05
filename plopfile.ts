import type { NodePlopAPI } from 'plop'
import { registerPrompts } from './generators/plop/prompts.js'
import { assumeTerminalWidth } from './generators/plop/terminal-width.js'
import { addSessionConfig } from './generators/session-config/generator.js'
import { addSessionMigration } from './generators/session-migration/generator.js'
import type { ReadTableChange } from './generators/session-migration/migration-code.js'

/**
 * The entry for `plop.load('dynamo-session-store')`: adds the generators `session-config` and `session-migration`.
 *
 * @param config `{ force }`, if the plopfile of the application passes it on
 */
export default async function addGenerators(
  plop: NodePlopAPI,
  config: { readonly force?: boolean } = {},
): Promise<void> {
  const settings = { force: config.force === true }
  assumeTerminalWidth()
  registerPrompts(plop)
  await addSessionConfig(plop, settings)
  await addSessionMigration(plop, { ...settings, readTableChange })
}

/** Loaded only for a migration that updates the table: the AWS SDK takes most of plop's time. */
const readTableChange: ReadTableChange = async (options) => {
  const { readTableChange: read } = await import('./runtime/table/table-change.js')
  return await read(options)
}
