import type { NodePlopAPI } from 'plop'
import { type AddSettings, addGenerator } from '../plop/add-generator.js'
import type { Questions } from '../plop/questions.js'
import type { Generator } from '../plop/run-generator.js'
import { folderProblem } from '../project/folder.js'
import { defaultLanguage, LANGUAGES } from '../project/language.js'
import { indexKeyProblem } from './index-key.js'
import { KINDS } from './kinds.js'
import type { ReadTableChange } from './migration-code.js'
import { DEFAULT_NAME, migrationName } from './name.js'
import { optionsModuleProblem } from './options-module.js'
import { planMigration } from './plan.js'
import { asksForIndex, asksForKind } from './purpose.js'

const questions = {
  name: {
    message: 'Name of the migration:',
    help: `Name, such as AddSessions. Default: ${DEFAULT_NAME}`,
    default: () => DEFAULT_NAME,
    problem: (text: string) => {
      const result = migrationName(text)
      return 'problem' in result ? result.problem : undefined
    },
  },
  kind: {
    message: 'What it does with the table:',
    help: 'create, drop, index or update. Default: the kind that the name suggests',
    choices: KINDS,
    asked: asksForKind,
    position: false,
  },
  index: {
    message: 'Session key of the index, such as user_id:',
    help: 'Session key of an index that the migration adds or removes. Default: the key of index_keys in the name',
    problem: indexKeyProblem,
    asked: asksForIndex,
    position: false,
  },
  language: {
    message: 'Language of the migration:',
    help: 'ts, js or mjs. Default: ts if there is a tsconfig.json, else js',
    default: defaultLanguage,
    choices: LANGUAGES,
  },
  options: {
    message: "Your file that exports the store's options (empty: none):",
    help: "Your file that exports the store's options, such as src/session.ts. The migration imports it",
    problem: (text: string, root: string) => (text.trim() === '' ? undefined : optionsModuleProblem(text.trim(), root)),
  },
  dir: {
    message: 'Folder of the migrations:',
    help: 'Folder of the migrations, instead of migrations_dir',
    problem: folderProblem,
    asked: false,
  },
} satisfies Questions

interface MigrationSettings extends AddSettings {
  readonly readTableChange: ReadTableChange
  /** Says which migrations are executed, so that `--undo` does not remove them. */
  readonly keep?: Generator<typeof questions>['keep']
}

/** `npx plop session-migration [Name]` */
export async function addSessionMigration(
  plop: NodePlopAPI,
  { readTableChange, keep, ...settings }: MigrationSettings,
): Promise<void> {
  await addGenerator(
    plop,
    {
      name: 'session-migration',
      sentence: 'Writes a migration that creates, changes or drops the DynamoDB table of the sessions, or an index.',
      questions,
      examples: [
        'AddSessions',
        'AddSessions -- --options src/session.ts',
        'AddUserIdIndex',
        'ChangeSessionsBilling',
        '-- --kind drop',
        'AddSessions --undo',
      ],
      plan: ({ options, ...answers }, { root, undo }) =>
        planMigration({ ...answers, root, undo, optionsModule: options }, readTableChange),
      ...(keep && { keep }),
    },
    settings,
  )
}
