import { resolve } from 'node:path'
import type { NodePlopAPI, PlopGeneratorConfig } from 'plop'
import { carryOut } from '../files/carry-out.js'
import { assertArgumentsArrive, misplacedArgument } from '../plop/arguments.js'
import { dryRunArgument, guarded, textQuestion } from '../plop/prompts.js'
import { environmentNameProblem, planConfig } from './plan.js'

const NAME = 'session-config'

const questions = [
  textQuestion(
    {
      name: 'environment',
      message: 'Environment that the file is for (empty: all):',
      help: 'Environment of the file, such as production; without it, the file is for all environments without their own',
    },
    environmentNameProblem,
  ),
  dryRunArgument,
]

const prompts = guarded(questions, (names) => misplacedArgument(process.argv, NAME, names))

/** `npx plop session-config [environment]` */
export function addSessionConfig(plop: NodePlopAPI, force: boolean): void {
  plop.setGenerator(NAME, {
    description: 'configuration of dynamo-session-store: config/dynamo_session_store.yml, or one for an environment',
    prompts: prompts as unknown as PlopGeneratorConfig['prompts'],
    actions: [
      async (answers, config) => {
        assertArgumentsArrive(
          process.argv,
          NAME,
          prompts.map(({ name }) => name),
        )
        const root = resolve(plop.getDestBasePath())
        const plan = planConfig({ root, environment: String(answers.environment ?? '') })
        return carryOut(plan, { root, force: force || config.force === true, dryRun: answers['dry-run'] === true })
      },
    ],
  })
}
