import { type Command, InvalidArgumentError, Option } from 'commander'
import { baseProgram, examples } from './base-program.js'
import type { UmzugCommand } from './umzug-commands.js'

/** The command line `umzug`. A command's code is loaded only when a command runs, so that `--help` responds at once. */
export function createUmzugProgram(): Command {
  const program = baseProgram('umzug', "Runs this application's migrations.").addHelpText(
    'after',
    examplesOf('create --name AddSessions', 'up', 'up --environment production', 'status --check'),
  )

  const up = program.command('up').description('run the pending migrations')
  addSelection(up, {
    to: 'run the pending migrations up to and including this one',
    step: 'run this many migrations (default: all that are pending)',
    name: 'run this migration alone; may be repeated',
  })
  up.option(...DRY_RUN_FLAG)
  up.addHelpText('after', examplesOf('up', 'up --dry-run', 'up --to 20260101000000_add_sessions', 'up --step 1'))
  up.action(running('up'))

  const down = program.command('down').description('revert the migration that ran last, or more')
  addSelection(down, {
    to: 'revert the migrations down to and including this one; 0 reverts all',
    step: 'revert this many migrations (default: 1)',
    name: 'revert this migration alone; may be repeated',
  })
  down.option(...DRY_RUN_FLAG)
  down.option('--yes', 'in a terminal, do not ask before a table with sessions is deleted')
  down.addHelpText(
    'after',
    examplesOf('down', 'down --dry-run', 'down --to 0', 'down --name 20260101000000_add_sessions'),
  )
  down.action(running('down'))

  const lists = { pending: 'that have not run', executed: 'that have run' } as const
  for (const name of ['pending', 'executed'] as const) {
    program
      .command(name)
      .description(`list the migrations ${lists[name]}`)
      .option('--json', 'print an array of objects with name and path, for programs')
      .addHelpText('after', examplesOf(name, `${name} --json`))
      .action(running(name))
  }

  program
    .command('status')
    .description('show executed and pending migrations, and executed ones whose file was changed')
    .option('--check', 'end with exit code 2 when migrations are pending or changed, for continuous integration')
    .addHelpText('after', examplesOf('status', 'status --check'))
    .action(running('status'))

  program
    .command('baseline')
    .description('mark pending migrations as executed without running them, for a table that exists already')
    .option('--to <name>', 'mark the migrations up to and including this one (default: all that are pending)')
    .addHelpText('after', examplesOf('baseline', 'baseline --to 20260101000000_add_sessions'))
    .action(running('baseline'))

  program
    .command('repair')
    .description('accept executed migrations whose file was changed: log the checksums of the present files')
    .addHelpText('after', examplesOf('repair'))
    .action(running('repair'))

  program
    .command('unlock')
    .description('free the migration lock that a killed process left behind, and say who held it')
    .addHelpText('after', examplesOf('unlock'))
    .action(running('unlock'))

  program
    .command('create')
    .description('write a migration for the session table, as npx plop session-migration does')
    .option('--name <name>', 'name of the migration, such as AddSessions (default: create_dynamo_sessions_table)')
    .option('--kind <kind>', 'create, drop, index or update (default: the kind that the name suggests)')
    .option('--index <key>', 'session key of the index, for the kind index (default: the key in the name)')
    .option('--folder <path>', 'folder of the migrations (default: the option migrations_dir)')
    .option('--language <language>', 'ts, js or mjs (default: ts if there is a tsconfig.json, else js)')
    .option('--force', 'rewrite a migration of the same name')
    .option('--dry-run', 'print path and text, write nothing')
    .addHelpText(
      'after',
      examplesOf('create', 'create --name AddSessions --language js', 'create --kind update', 'create --dry-run'),
    )
    .action(running('create'))

  return program
}

const DRY_RUN_FLAG = ['--dry-run', 'list the migrations and, where possible, their requests; change nothing'] as const

/** The options of `up` and `down` that say which migrations are meant. */
function addSelection(command: Command, texts: Readonly<Record<'to' | 'step' | 'name', string>>): void {
  command
    .addOption(new Option('--to <name>', texts.to).conflicts(['step', 'name']))
    .addOption(new Option('--step <count>', texts.step).argParser(wholeNumber).conflicts('name'))
    .option('--name <migration>', texts.name, (name: string, before: string[] = []) => [...before, name])
    .addOption(
      new Option(
        '--rerun <how>',
        'what to do if a migration of --name has run already (down: has not run); default: THROW',
      ).choices(['THROW', 'SKIP', 'ALLOW']),
    )
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number.')
}

/** An action that loads the commands, then runs one with the options of the command line, the shared ones included. */
function running(name: UmzugCommand) {
  return async (_own: unknown, command: Command): Promise<void> => {
    const { runUmzugCommand } = await import('./umzug-commands.js')
    await runUmzugCommand(name, command.optsWithGlobals())
  }
}

function examplesOf(...lines: readonly string[]): () => string {
  return examples('umzug', lines)
}
