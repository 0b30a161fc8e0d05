import type { NodePlopAPI } from 'plop'
import { type AddSettings, addGenerator } from '../plop/add-generator.js'
import { environmentNameProblem } from '../session-config/plan.js'
import { TARGETS } from './targets.js'

/** `npx plop session-cleaning [target]` */
export async function addSessionCleaning(plop: NodePlopAPI, settings: AddSettings): Promise<void> {
  await addGenerator(
    plop,
    {
      name: 'session-cleaning',
      sentence: "Writes a schedule that deletes expired sessions, for tables without DynamoDB's Time to Live.",
      questions: {
        target: {
          message: 'Where the schedule runs:',
          help: `${TARGETS.join(', ')}. Default: ${TARGETS[0]}`,
          choices: TARGETS,
          default: () => TARGETS[0],
        },
        environment: {
          message: 'Environment whose sessions are cleaned:',
          help: 'Value of NODE_ENV for the schedule. Default: production',
          problem: environmentNameProblem,
          asked: false,
        },
      },
      examples: ['', 'lambda', '-- --target cron --environment staging'],
      // The plan loads the code of policies, which plop does not need at its start.
      plan: async ({ target = '', environment }, { root }) => {
        const { planCleaning } = await import('./plan.js')
        return planCleaning({ root, target, environment })
      },
    },
    settings,
  )
}
