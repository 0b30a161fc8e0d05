import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { choiceOf } from '../choice.js'
import { GeneratorError, type Plan } from '../files/plan.js'
import { render } from '../files/render.js'
import { folderIn } from '../project/folder.js'
import { languageOf, syntaxOf } from '../project/language.js'
import { dependencyNames } from '../project/package-json.js'
import { packageManagerOf } from '../project/package-manager.js'
import { FRAMEWORK_NAMES, FRAMEWORKS, type FrameworkName, frameworksIn } from './frameworks.js'

export interface StoreInput {
  /** Folder of the application, absolute. */
  readonly root: string
  /** Default: the framework in package.json. */
  readonly framework?: string | undefined
  /** Default: `ts` if the application has a tsconfig.json, else `js`. */
  readonly language?: string | undefined
  /** Folder of the file, relative to `root`. Default: `src` if it exists, else `root`. */
  readonly dir?: string | undefined
}

/**
 * Plans `session.(ts|js|mjs)`: the store of a framework, with cookie settings for production and the type of a session.
 *
 * @throws {GeneratorError} when the framework is unknown or can't be found, or for an unknown language
 */
export function planStore(input: StoreInput): Plan {
  const { root } = input
  const name = frameworkOf(input)
  const language = languageOf(input.language, root)
  const folder = folderIn(root, input.dir ?? (existsSync(join(root, 'src')) ? 'src' : '.'))
  const syntax = syntaxOf(language, folder)
  const framework = FRAMEWORKS[name]
  const ts = syntax === 'ts'
  const commonjs = syntax === 'commonjs'
  const path = join(folder, `session.${language}`)
  const text = render(`session-store/${framework.template}.hbs`, {
    ts,
    commonjs,
    export: commonjs ? '' : 'export ',
    secret: render('session-store/secret.hbs', {}),
    exported: framework.exports.join(', '),
    manager: framework.exports[0],
    hono: name === 'hono',
    nodeHttp: name === 'node-http',
    lambda: name === 'lambda',
  })
  return {
    files: [{ path, text }],
    notices: framework.notices,
    next: [
      ...installCommands(root, name, ts),
      importLine(framework.imports, `./session.${language === 'mjs' ? 'mjs' : 'js'}`, commonjs),
      framework.line,
    ],
  }
}

/** The framework to assume, if package.json has exactly one. */
export function defaultFramework(root: string): FrameworkName | undefined {
  const found = frameworksIn(dependencyNames(root))
  return found.length === 1 ? found[0] : undefined
}

function frameworkOf({ framework, root }: StoreInput): FrameworkName {
  if (framework) return choiceOf('framework', framework, FRAMEWORK_NAMES)
  const found = frameworksIn(dependencyNames(root))
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const reason =
    only === undefined ? 'package.json has no framework that is known here' : `package.json has ${found.join(' and ')}`
  throw new GeneratorError(
    `${reason}: choose one, for example --framework ${only ?? 'express'} (${FRAMEWORK_NAMES.join(', ')})`,
  )
}

/** The commands that install what the file needs and package.json lacks. */
function installCommands(root: string, name: FrameworkName, ts: boolean): string[] {
  const { add, addForDevelopment } = packageManagerOf(root)
  const present = dependencyNames(root)
  const missing = (names: readonly string[]) => names.filter((each) => !present.has(each))
  const packages = missing(['dynamo-session-store', ...FRAMEWORKS[name].packages])
  const types = ts ? missing(FRAMEWORKS[name].types) : []
  return [
    ...(packages.length > 0 ? [`${add} ${packages.join(' ')}`] : []),
    ...(types.length > 0 ? [`${addForDevelopment} ${types.join(' ')}`] : []),
  ]
}

function importLine(names: readonly string[], specifier: string, commonjs: boolean): string {
  const list = `{ ${names.join(', ')} }`
  return commonjs ? `const ${list} = require('${specifier}')` : `import ${list} from '${specifier}'`
}
