import { execFile } from 'node:child_process'
import { basename, dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { shownPath } from '../../generators/files/plan.js'
import { packageManagerOf } from '../../generators/project/package-manager.js'
import { TEMPLATES } from '../../generators/templates-folder.js'
import { DynamoSessionError, messageOf } from '../errors.js'
import { fitForLine } from '../fit-for-output.js'
import { executedNames } from '../migrations/executed-names.js'
import { withoutExtension } from '../migrations/migration-files.js'
import { optionsForCommand } from './command.js'
import { findOwnUmzugFile } from './own-umzug.js'

/**
 * Why a migration must not be removed: it is logged as executed, or the log can't be read. Undefined: it may
 * be removed.
 *
 * @param path of the migration's file, absolute
 * @param root folder of the application
 * @param optionsModule the application's file that exports its options, relative to `root`, if the migration imports it
 */
export async function executedReason(path: string, root: string, optionsModule?: string): Promise<string | undefined> {
  const text = `${shownPath(path)} was left as it is`
  try {
    const revert = await howToRevert(path, root, optionsModule)
    return revert && `${text}: it is logged as executed. Run ${revert} first`
  } catch (error) {
    const reason = fitForLine(messageOf(error))
    return `${text}: could not check whether it is executed (${reason}). If it never ran, delete the file yourself`
  }
}

/** The command that reverts a migration; undefined when the migration is not executed. */
async function howToRevert(path: string, root: string, optionsModule?: string): Promise<string | undefined> {
  const name = withoutExtension(basename(path))
  const { run } = packageManagerOf(root)
  const down = `${run} umzug down --name ${name}`
  if (findOwnUmzugFile(root) !== undefined) return (await namesFromCommand(root)).includes(name) ? down : undefined
  const { byUmzug, byKnex } = await executedNames({ root }, dirname(path))
  if (byUmzug.includes(name)) return down
  if (byKnex.includes(name)) return `${run} knex migrate:down`
  if (optionsModule === undefined) return undefined
  // `umzug up --options` may log in another table.
  const options = await optionsForCommand({ options: optionsModule }, root)
  const logged = await executedNames({ root, ...options }, dirname(path))
  return logged.byUmzug.includes(name) ? `${down} --options ${shownPath(resolve(root, optionsModule))}` : undefined
}

/** `umzug executed`, in a process of its own: an umzug of the application may leave connections open. */
async function namesFromCommand(root: string): Promise<string[]> {
  const executable = fileURLToPath(new URL('../runtime/cli/umzug.js', TEMPLATES))
  const { stdout } = await promisify(execFile)(process.execPath, [executable, 'executed', '--json'], {
    cwd: root,
  }).catch(({ stderr, message }: { stderr?: string; message: string }) => {
    throw new DynamoSessionError(stderr?.trim() || message)
  })
  return JSON.parse(stdout).map(({ name }: { name: string }) => withoutExtension(name))
}
