import type { NodePlopAPI } from 'plop'
import { type AddSettings, addGenerator } from '../plop/add-generator.js'
import { folderProblem } from '../project/folder.js'
import { defaultLanguage, LANGUAGES } from '../project/language.js'
import { FRAMEWORK_NAMES } from './frameworks.js'
import { defaultFramework, planStore } from './plan.js'

/** `npx plop session-store [framework]` */
export async function addSessionStore(plop: NodePlopAPI, settings: AddSettings): Promise<void> {
  await addGenerator(
    plop,
    {
      name: 'session-store',
      sentence: 'Writes session.ts or session.js: the session store of a web framework, ready for production.',
      questions: {
        framework: {
          message: 'Framework of the application:',
          help: `${FRAMEWORK_NAMES.join(', ')}. Default: the one in package.json`,
          choices: FRAMEWORK_NAMES,
          default: (root) => defaultFramework(root) ?? '',
        },
        language: {
          message: 'Language of the file:',
          help: 'ts, js or mjs. Default: ts if there is a tsconfig.json, else js',
          choices: LANGUAGES,
          default: (root) => defaultLanguage(root),
        },
        dir: {
          message: 'Folder of the file:',
          help: 'Folder of the file. Default: src if it exists, else the folder of the application',
          problem: folderProblem,
          asked: false,
        },
      },
      examples: ['', 'fastify', '-- --framework koa --language mjs'],
      plan: ({ framework, language, dir }, { root }) => planStore({ root, framework, language, dir }),
    },
    settings,
  )
}
