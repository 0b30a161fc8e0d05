import type { Command } from 'commander'
import type { NodePlopAPI, PlopGeneratorConfig } from 'plop'
import type { AddSettings } from '../../generators/plop/add-generator.js'
import type { PlopPrompt } from '../../generators/plop/prompts.js'
import { addSessionCleaning } from '../../generators/session-cleaning/generator.js'
import { addSessionConfig } from '../../generators/session-config/generator.js'
import { addSessionInfrastructure } from '../../generators/session-infrastructure/generator.js'
import { addSessionMigration } from '../../generators/session-migration/generator.js'
import { addSessionStore } from '../../generators/session-store/generator.js'
import { createProgram } from '../../runtime/cli/program.js'
import { createUmzugProgram } from '../../runtime/cli/umzug-program.js'
import { escaped, tableOf } from './markdown.js'

/** Exit codes other than 0 and 1, by command. commander does not know them. */
const EXIT_CODES: Readonly<Record<string, readonly (readonly [code: number, meaning: string])[]>> = {
  'dynamo-session init': [[130, 'Ctrl-C ended the questions.']],
  'dynamo-session plan': [[2, 'with `--check`, a setting differs, or the table does not exist.']],
  'dynamo-session clean': [
    [130, 'Ctrl-C stopped the command. The summary was printed.'],
    [143, 'SIGTERM stopped the command. The summary was printed.'],
  ],
  'umzug status': [[2, 'with `--check`, migrations are pending, or the file of an executed migration was changed.']],
}

/** docs/cli.md: all commands of both executables, and the generators' flags. */
export async function cliPage(): Promise<string> {
  const programs = [createProgram(), createUmzugProgram()]
  const [first] = programs
  const parts = [
    '# Command line',
    '<!-- written by npm run docs:write -->',
    'This page lists every command, its options and its exit codes. `--help` prints the same for each command.',
    '## Options of every command',
    first ? optionsOf(first) : '',
    'A secret or a session id is never an argument: other users of the machine could read it.',
    '## Exit codes',
    tableOf(
      ['code', 'meaning'],
      [
        ['0', 'The command succeeded.'],
        ['1', 'An error. Standard error has the reason and the remedy. `DEBUG=1` adds the stack trace.'],
        ['other', 'See the command.'],
      ],
    ),
    ...programs.flatMap(programPart),
    '## Generators',
    'plop runs the generators. [Generators](generators.md) has the flags of every generator, and examples.',
    tableOf(['generator', 'what it writes', 'options'], await generatorRows()),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function programPart(program: Command): string[] {
  const rows = program.commands.map((command) => {
    const name = `${program.name()} ${command.name()}`
    return [`[\`${command.name()}\`](#${name.replaceAll(' ', '-')})`, escaped(command.description())]
  })
  return [
    `## ${program.name()}`,
    program.description(),
    tableOf(['command', 'what it does'], rows),
    ...program.commands.flatMap((command) => commandPart(command, `${program.name()} ${command.name()}`)),
  ]
}

function commandPart(command: Command, name: string): string[] {
  const help = command.createHelp()
  const args = command.registeredArguments.map((argument) => [
    `\`[${argument.name()}]\``,
    escaped(help.argumentDescription(argument)),
  ])
  const codes = EXIT_CODES[name] ?? []
  return [
    `### ${name}`,
    sentence(command.description()),
    args.length > 0 ? tableOf(['argument', 'meaning'], args) : '',
    command.options.length > 0 ? optionsOf(command) : '',
    codes.map(([code, meaning]) => `- Exit code ${code}: ${meaning}`).join('\n'),
    `\`\`\`sh\n${examplesOf(command).join('\n')}\n\`\`\``,
  ]
}

function optionsOf(command: Command): string {
  const help = command.createHelp()
  const options = command.options.filter(({ long }) => long !== '--version')
  const rows = options.map((option) => [`\`${option.flags}\``, escaped(help.optionDescription(option))])
  return tableOf(['option', 'meaning'], rows)
}

/** The command lines below "Examples:" of the help. */
function examplesOf(command: Command): string[] {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return [...text.matchAll(/^ {2}\$ (.+)$/gm)].map(([, line = '']) => line)
}

async function generatorRows(): Promise<string[][]> {
  const rows: string[][] = []
  const plop = {
    setGenerator(name: string, { description = '', prompts }: PlopGeneratorConfig) {
      const options = (prompts as unknown as PlopPrompt[]).map((prompt) => `\`--${prompt.name}\``)
      rows.push([`\`${name}\``, escaped(description), options.join(', ')])
    },
  } as unknown as NodePlopAPI
  const settings = { force: false, argv: [] } satisfies AddSettings
  await addSessionConfig(plop, settings)
  const readTableChange = () => Promise.reject(new Error('no generator runs here'))
  await addSessionMigration(plop, { ...settings, readTableChange })
  await addSessionStore(plop, settings)
  await addSessionCleaning(plop, settings)
  await addSessionInfrastructure(plop, settings)
  return rows
}

function sentence(text: string): string {
  return escaped(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`)
}
