import { Command } from 'commander'
import { write } from '../output.js'

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
    .configureHelp({ showGlobalOptions: true })
}

/** Command lines for the end of a help text. */
export function examples(executable: string, lines: readonly string[]): string {
  return ['', 'Examples:', ...lines.map((line) => `  $ npx ${executable} ${line}`)].join('\n')
}
