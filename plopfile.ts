import type { NodePlopAPI } from 'plop'
import { registerPrompts } from './generators/plop/prompts.js'
import { assumeTerminalWidth } from './generators/plop/terminal-width.js'
import { addSessionConfig } from './generators/session-config/generator.js'
import { addSessionInfrastructure } from './generators/session-infrastructure/generator.js'
import { addSessionMigration } from './generators/session-migration/generator.js'

/**
 * The entry for `plop.load('dynamo-session-store')`: adds the generators `session-config`, `session-migration`
 * and `session-infrastructure`.
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
  await addSessionMigration(plop, {
    ...settings,
    // The modules behind it load the AWS SDK, so only --undo loads them.
    keep: async ({ path }, { root }) => (await import('./runtime/cli/executed-reason.js')).executedReason(path, root),
  })
  await addSessionInfrastructure(plop, settings)
}
