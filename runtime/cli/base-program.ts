import { Command } from 'commander'
import { packageManagerOf } from '../../generators/project/package-manager.js'
import { write } from '../output.js'

/** Columns for a description, from which on commander wraps it. Its own default leaves long lines in 60 columns. */
const NARROWEST = 20

/** A command line with the options that all commands of both executables take. */
export function baseProgram(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .configureOutput({
      writeOut: (text) => write(process.stdout, text),
      writeErr: (text) => write(process.stderr, text),
    })
    .option('--environment <name>', 'name of the environment, which selects the configuration file (default: NODE_ENV)')
    .option('--config <file>', 'configuration file (default: config/dynamo_session_store/<environment>.yml …)')
    .option('--options <module>', "the application's module that exports its options, as default or as `options`")
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: NARROWEST })
}

/** Makes the end of a help text: command lines, as the package manager of the application runs them. */
export function examples(executable: string, lines: readonly string[]): () => string {
  return () => {
    const { run } = packageManagerOf(process.cwd())
    return ['', 'Examples:', ...lines.map((line) => `  $ ${run} ${executable} ${line}`)].join('\n')
  }
}
