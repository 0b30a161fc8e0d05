import type { NodePlopAPI } from 'plop'
import { type AddSettings, addGenerator } from '../plop/add-generator.js'
import { folderProblem } from '../project/folder.js'
import { DEFAULT_FOLDER, TARGETS } from './targets.js'

/** `npx plop session-infrastructure [target]` */
export async function addSessionInfrastructure(plop: NodePlopAPI, settings: AddSettings): Promise<void> {
  await addGenerator(
    plop,
    {
      name: 'session-infrastructure',
      sentence:
        "Writes the DynamoDB table of the sessions for CloudFormation, SAM, the AWS CDK or Terraform, with its roles' policies.",
      questions: {
        target: {
          message: 'What creates the table:',
          help: `What creates the table: ${TARGETS.join(', ')}`,
          choices: TARGETS,
        },
        dir: {
          message: 'Folder of the file:',
          help: `Folder of the file. Default: ${DEFAULT_FOLDER}`,
          problem: folderProblem,
          asked: false,
        },
      },
      examples: ['-- --target cloudformation', '-- --target cdk --dir lib', '-- --target terraform --dry-run'],
      // The plan loads the code of tables and policies, which plop does not need at its start.
      plan: async ({ target = '', dir }, { root }) => {
        const { planInfrastructure } = await import('./plan.js')
        return planInfrastructure({ root, target, ...(dir !== undefined && { dir }) })
      },
    },
    settings,
  )
}
