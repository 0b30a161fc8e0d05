import { resolve } from 'node:path'
import type { NodePlopAPI, PlopGeneratorConfig } from 'plop'
import { carryOut } from '../files/carry-out.js'
import { assertArgumentsArrive, misplacedArgument } from '../plop/arguments.js'
import { choiceQuestion, dryRunArgument, guarded, type Question, textArgument, textQuestion } from '../plop/prompts.js'
import { indexKeyProblem } from './index-key.js'
import { KINDS } from './kinds.js'
import { DEFAULT_NAME, migrationName } from './name.js'
import { optionsModuleProblem } from './options-module.js'
import {
  defaultLanguage,
  folderProblem,
  kindProblem,
  LANGUAGES,
  languageProblem,
  planMigration,
  type ReadTableChange,
} from './plan.js'

const NAME = 'session-migration'

/** `npx plop session-migration [Name]` */
export function addSessionMigration(plop: NodePlopAPI, force: boolean, readTableChange: ReadTableChange): void {
  const rootOf = () => resolve(plop.getDestBasePath())
  const prompts = guarded(questions(rootOf), (names) => misplacedArgument(process.argv, NAME, names))
  plop.setGenerator(NAME, {
    description:
      'migration that creates the DynamoDB table of the sessions, or adds an index: migrations/<time>_<name>',
    prompts: prompts as unknown as PlopGeneratorConfig['prompts'],
    actions: [
      async (answers, config) => {
        assertArgumentsArrive(
          process.argv,
          NAME,
          prompts.map(({ name }) => name),
        )
        const root = rootOf()
        const settings = { root, force: force || config.force === true, dryRun: answers['dry-run'] === true }
        const plan = await planMigration(
          {
            root,
            kind: answers.kind || undefined,
            force: settings.force,
            name: answers.name,
            language: answers.language,
            optionsModule: answers.options,
            dir: answers.dir || undefined,
            index: answers.index || undefined,
          },
          readTableChange,
        )
        return carryOut(plan, settings)
      },
    ],
  })
}

function questions(rootOf: () => string): Question[] {
  return [
    textQuestion(
      { name: 'name', message: 'Name of the migration:', help: 'Name, such as AddSessions', default: DEFAULT_NAME },
      (text) => {
        const result = migrationName(text)
        return 'problem' in result ? result.problem : undefined
      },
    ),
    choiceQuestion(
      {
        name: 'language',
        message: 'Language of the migration:',
        help: 'ts, js or mjs. Default: ts if there is a tsconfig.json, else js',
        default: () => defaultLanguage(rootOf()),
        choices: LANGUAGES,
      },
      languageProblem,
    ),
    textQuestion(
      {
        name: 'options',
        message: "Your file that exports the store's options (empty: none):",
        help: "Your file that exports the store's options, such as src/session.ts. The migration imports it",
      },
      (text) => (text.trim() === '' ? undefined : optionsModuleProblem(text.trim(), rootOf())),
    ),
    textArgument(
      {
        name: 'dir',
        message: 'Folder of the migrations:',
        help: 'Folder of the migrations, instead of migrations_dir',
      },
      folderProblem,
    ),
    textArgument(
      {
        name: 'index',
        message: 'Session key whose index the migration adds:',
        help: 'One of index_keys, such as user_id. The migration adds its index to the existing table',
      },
      indexKeyProblem,
    ),
    textArgument(
      {
        name: 'kind',
        message: 'Kind of the migration:',
        help: 'create, drop, index or update. Default: what the name says',
      },
      (text) => (KINDS.some((kind) => kind === text) ? undefined : kindProblem(text)),
    ),
    dryRunArgument,
  ]
}
