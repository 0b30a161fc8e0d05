import { Argument, type Command } from 'commander'
import { VERSION } from '../version.js'
import { baseProgram, examples } from './base-program.js'

/** The option of the commands that send requests. */
const TIMEOUT = [
  '--timeout <seconds>',
  'end each request to DynamoDB after this time, retries included (default: 30)',
] as const

/**
 * The command line `dynamo-session`. A command's module is loaded only when that command runs, so that `--help` and
 * mistyped arguments respond at once.
 */
export function createProgram(): Command {
  const program = baseProgram(
    'dynamo-session',
    'Sets up and maintains the DynamoDB table that holds the sessions of a web application.',
  )
    .version(VERSION)
    .addHelpText('after', examplesOf('init', 'config', 'create-table --environment production', 'doctor', 'local'))

  program
    .command('init')
    .description('set up an application: plopfile.mjs, configuration file, migration and session store')
    .option('--yes', 'do not ask; write all files that do not exist')
    .option('--framework <name>', 'framework of the session store; default: the one in package.json')
    .addHelpText('after', examplesOf('init', 'init --yes', 'init --yes --framework fastify'))
    .action(running(async () => (await import('./commands/init.js')).initCommand))

  program
    .command('create-table')
    .description('create the table, or check the existing one')
    .option(...TIMEOUT)
    .addHelpText(
      'after',
      examplesOf(
        'create-table',
        'create-table --environment production',
        'create-table --config config/sessions.yml',
        'create-table --options src/session-options.ts',
      ),
    )
    .action(running(async () => (await import('./commands/create-table.js')).createTableCommand))

  program
    .command('plan')
    .description('show the declared settings next to those of the live table, and how to make them the same')
    .option('--check', 'exit code 0: the same, 2: a setting differs or there is no table, 1: an error')
    .option('--json', 'as JSON, for programs; other output goes to standard error')
    .option(...TIMEOUT)
    .addHelpText('after', examplesOf('plan', 'plan --environment production --check', 'plan --json'))
    .action(running(async () => (await import('./commands/plan.js')).planCommand))

  program
    .command('update-table')
    .description('change the live table to the declared settings, one change after the other; deletes nothing')
    .option('--remove-indexes', 'delete indexes that are not declared; delete wrong ones and add them again')
    .option('--remove-tags', 'remove tags that are not declared')
    .option(...TIMEOUT)
    .addHelpText('after', examplesOf('update-table', 'update-table --environment production --remove-indexes'))
    .action(running(async () => (await import('./commands/update-table.js')).updateTableCommand))

  program
    .command('delete-table')
    .description('delete the table with all its sessions')
    .option('--yes', 'do not ask; required where there is no terminal')
    .option(...TIMEOUT)
    .addHelpText('after', examplesOf('delete-table', 'delete-table --environment test --yes'))
    .action(running(async () => (await import('./commands/delete-table.js')).deleteTableCommand))

  program
    .command('clean')
    .description('delete expired sessions: by max_stale, by max_age, or by their own expire_at')
    .option('--dry-run', 'only count, delete nothing')
    .option('--expire-at-only', 'ignore max_age and max_stale: delete only by expire_at')
    .option('--trust-clock', "clean even if this machine's clock is more than 5 minutes off DynamoDB's")
    .option('--segments <number>', 'parts of the table that are cleaned at the same time, 1 to 100 (default: 4)')
    .option('--rate <units>', 'maximum capacity units per second, reads and writes together (default: no limit)')
    .option('--max-items <number>', 'stop after this many deletions')
    .option('--max-seconds <seconds>', 'stop after this time')
    .option(...TIMEOUT)
    .option('--json', 'print the summary as JSON, for programs; other output goes to standard error')
    .addHelpText('after', examplesOf('clean', 'clean --dry-run', 'clean --environment production --rate 25 --json'))
    .action(running(async () => (await import('./commands/clean.js')).cleanCommand))

  program
    .command('list')
    .description(
      'list all sessions unordered, or those with a value in their data: hashes, times and handles, never ids',
    )
    .option('--by <key=value>', 'only sessions with this value: one of index_keys and a value, such as user_id=42')
    .option('--scan', 'with --by: read the whole table, which finds sessions that the index lacks; needs no index')
    .option('--newest <number>', 'read the whole table, and list this many sessions that were created last')
    .option(...TIMEOUT)
    .option('--json', 'as JSON, for programs')
    .addHelpText(
      'after',
      examplesOf('list', 'list --newest 20', 'list --by user_id=42', 'list --by user.id=42 --scan --json'),
    )
    .action(running(async () => (await import('./commands/list.js')).listCommand))

  program
    .command('show')
    .description('show times, size, lock and attributes of a session, without its data; its id is never an argument')
    .addArgument(
      new Argument(
        '[session]',
        'hash, handle or stored key, as list prints them; without it, a session id is read from standard input',
      ),
    )
    .option('--data', 'also print the data, decrypted if it is encrypted')
    .option(...TIMEOUT)
    .option('--json', 'as JSON, for programs; other output goes to standard error')
    .addHelpText(
      'after',
      examplesOf('show 5f1c02a1b2c3d4e5', 'show 5f1c02a1b2c3d4e5 --data --json', 'show < file-with-id'),
    )
    .action(running(async () => (await import('./commands/show.js')).showCommand))

  program
    .command('stats')
    .description(
      'show numbers of the stored sessions, from a sample: items, sizes, ages, idle times, expired ones, cost',
    )
    .option('--sample <number>', 'read about this many items (default: 10000)')
    .option('--rate <units>', 'maximum capacity units per second (default: no limit)')
    .option('--requests-per-day <number>', 'requests of the application, for their cost; needs --changed-share')
    .option('--changed-share <share>', 'share of the requests that change their session, 0 to 1')
    .option('--price-storage <dollars>', 'price of a GB of storage for a month (default: 0.25)')
    .option('--price-reads <dollars>', 'price of a million read request units (default: 0.125)')
    .option('--price-writes <dollars>', 'price of a million write request units (default: 0.625)')
    .option('--html <file>', 'also write a page with charts to this file')
    .option(...TIMEOUT)
    .option('--json', 'as JSON, for programs; other output goes to standard error')
    .addHelpText(
      'after',
      examplesOf(
        'stats',
        'stats --sample 50000 --rate 25 --html stats.html',
        'stats --requests-per-day 100000 --changed-share 0.2',
      ),
    )
    .action(running(async () => (await import('./commands/stats.js')).statsCommand))

  program
    .command('destroy')
    .description('delete the sessions with a value in their data, which signs a user out everywhere')
    .requiredOption('--by <key=value>', 'one of index_keys and a value, such as user_id=42')
    .option('--others <handle>', 'keep the session with this handle or hash, as list prints them')
    .option('--scan', 'read the whole table, which also finds sessions that the index lacks; needs no index')
    .option(...TIMEOUT)
    .option('--dry-run', 'only count, delete nothing')
    .option('--json', 'print the result as JSON, for programs; other output goes to standard error')
    .addHelpText(
      'after',
      examplesOf(
        'destroy --by user_id=42',
        'destroy --by user_id=42 --others 5f1c02a1b2c3d4e5',
        'destroy --by user_id=42 --scan --dry-run',
      ),
    )
    .action(running(async () => (await import('./commands/destroy.js')).destroyCommand))

  program
    .command('config')
    .description('show every option with its value and source; secrets are masked')
    .option('--json', 'as JSON, for programs')
    .addHelpText('after', examplesOf('config', 'config --environment production --json'))
    .action(running(async () => (await import('./commands/config.js')).configCommand))

  program
    .command('doctor')
    .description('check configuration, credentials, region and table; exit code 1 on an error')
    .option('--json', 'the findings as JSON, for programs; other output goes to standard error')
    .option(...TIMEOUT)
    .addHelpText(
      'after',
      examplesOf('doctor', 'doctor --environment production --json', 'doctor --options src/session-options.ts'),
    )
    .action(running(async () => (await import('./commands/doctor.js')).doctorCommand))

  program
    .command('policy')
    .description(
      'print the smallest IAM policy for this configuration as JSON; without a role, the policies of all roles',
    )
    .addArgument(
      new Argument(
        '[role]',
        'deploy: commands for the table, and umzug; runtime: the application; clean: clean; index: list --by and destroy; inspect: list, show and stats',
      ).choices(['deploy', 'runtime', 'clean', 'index', 'inspect']),
    )
    .option('--account <id>', 'account of the role, 12 digits (default: ENV AWS_ACCOUNT_ID)')
    .option(
      '--scan',
      "for runtime and index: also allow reading the whole table (--scan, and a store's clear, all, length)",
    )
    .addHelpText(
      'after',
      examplesOf(
        'policy runtime --account 123456789012',
        'policy deploy --account 123456789012 --environment production',
      ),
    )
    .action(running(async () => (await import('./commands/policy.js')).policyCommand))

  program
    .command('local')
    .description('run an embedded DynamoDB (dynalite) for development until Ctrl-C')
    .option('--port <number>', 'port to listen on, 0 for any free port', '8000')
    .option('--path <folder>', 'keep the data in this folder (default: in memory)')
    .addHelpText('after', examplesOf('local', 'local --port 8001', 'local --path .dynamodb'))
    .action(running(async () => (await import('./commands/local.js')).localCommand))

  return program
}

/** An action that loads its command, then runs it with the options of the command line, the shared ones included. */
function running<T>(load: () => Promise<(options: T) => Promise<void>>) {
  return async (...given: readonly unknown[]): Promise<void> => {
    const command = given.at(-1) as Command
    const { runCommand } = await import('./command.js')
    const named = command.registeredArguments.map((argument, index) => [argument.name(), command.processedArgs[index]])
    await runCommand(async () => (await load())({ ...Object.fromEntries(named), ...command.optsWithGlobals() } as T))
  }
}

function examplesOf(...lines: readonly string[]): () => string {
  return examples('dynamo-session', lines)
}
