import type { NodePlopAPI } from 'plop'
import { type AddSettings, addGenerator } from '../plop/add-generator.js'
import { environmentNameProblem, planConfig } from './plan.js'

/** `npx plop session-config [environment]` */
export async function addSessionConfig(plop: NodePlopAPI, settings: AddSettings): Promise<void> {
  await addGenerator(
    plop,
    {
      name: 'session-config',
      sentence:
        'Writes the configuration of dynamo-session-store: config/dynamo_session_store.yml, or the file of an environment.',
      questions: {
        environment: {
          message: 'Environment that the file is for (empty: all):',
          help: 'Environment of the file, such as production. Without it, the file is for all environments without a file of their own.',
          problem: environmentNameProblem,
        },
      },
      examples: ['', 'production', 'production --dry-run', '--undo'],
      plan: ({ environment = '' }, { root }) => planConfig({ root, environment }),
    },
    settings,
  )
}
