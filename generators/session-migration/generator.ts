import type { NodePlopAPI } from 'plop'
import { type AddSettings, addGenerator, type Generator } from '../plop/add-generator.js'
import type { Questions } from '../plop/questions.js'
import { indexKeyProblem } from './index-key.js'
import { DEFAULT_NAME, migrationName } from './name.js'
import { optionsModuleProblem } from './options-module.js'
import { defaultLanguage, folderProblem, LANGUAGES, planMigration } from './plan.js'

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
  index: {
    message: 'Session key whose index the migration adds:',
    help: 'One of index_keys, such as user_id. The migration adds its index to the existing table',
    problem: indexKeyProblem,
    asked: false,
  },
} satisfies Questions

/** `npx plop session-migration [Name]`. `keep` knows which migrations are executed. */
export async function addSessionMigration(
  plop: NodePlopAPI,
  settings: AddSettings & Pick<Generator<typeof questions>, 'keep'>,
): Promise<void> {
  await addGenerator(
    plop,
    {
      name: 'session-migration',
      sentence: 'Writes a migration that creates the DynamoDB table of the sessions, or adds an index.',
      questions,
      examples: ['AddSessions', 'AddSessions -- --options src/session.ts', 'AddUserIdIndex', 'AddSessions --undo'],
      plan: ({ name, language, options, dir, index }, { root, undo }) =>
        planMigration({
          root,
          undo,
          ...(name !== undefined && { name }),
          ...(language !== undefined && { language }),
          ...(options !== undefined && { optionsModule: options }),
          ...(dir !== undefined && { dir }),
          ...(index !== undefined && { index }),
        }),
      ...(settings.keep && { keep: settings.keep }),
    },
    settings,
  )
}
