import type { NodePlopAPI } from 'plop'
import { registerPrompts } from './generators/plop/prompts.js'
import { assumeTerminalWidth } from './generators/plop/terminal-width.js'
import { addSessionCleaning } from './generators/session-cleaning/generator.js'
import { addSessionConfig } from './generators/session-config/generator.js'
import { addSessionInfrastructure } from './generators/session-infrastructure/generator.js'
import { addSessionMigration } from './generators/session-migration/generator.js'
import { addSessionStore } from './generators/session-store/generator.js'
import { silenceNodeWarning } from './runtime/cli/sdk-warning.js'

/**
 * The entry for `plop.load('dynamo-session-store')`: adds all generators of this package.
 *
 * @param config `{ force }`, if the plopfile of the application passes it on
 */
export default async function addGenerators(
  plop: NodePlopAPI,
  config: { readonly force?: boolean } = {},
): Promise<void> {
  const settings = { force: config.force === true }
  assumeTerminalWidth()
  silenceNodeWarning()
  registerPrompts(plop)
  await addSessionConfig(plop, settings)
  // The modules behind these functions load the AWS SDK, so only --undo and updates load them.
  await addSessionMigration(plop, {
    ...settings,
    keep: async ({ path }, { root }, { options }) =>
      (await import('./runtime/cli/executed-reason.js')).executedReason(path, root, options),
    readTableChange: async (options) => (await import('./runtime/table/table-change.js')).readTableChange(options),
  })
  await addSessionStore(plop, settings)
  await addSessionCleaning(plop, settings)
  await addSessionInfrastructure(plop, settings)
}
