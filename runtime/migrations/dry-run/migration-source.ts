import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { messageOf } from '../../errors.js'
import { fitForLine } from '../../fit-for-output.js'
import { VERSION } from '../../version.js'

const PACKAGE = 'dynamo-session-store'

/** Globals that a migration may use in a dry run. None of them reads or writes elsewhere. */
const HARMLESS = new Set([
  ...['undefined', 'NaN', 'Infinity', 'process', 'console'],
  ...['Array', 'Boolean', 'Date', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise', 'RegExp', 'Set', 'String'],
  ...['BigInt', 'Symbol', 'Error', 'TypeError', 'RangeError', 'AggregateError', 'URL', 'structuredClone', 'Intl'],
  ...['isNaN', 'isFinite', 'parseInt', 'parseFloat', 'setTimeout', 'clearTimeout'],
])

/** The only member of these objects that a migration may use. */
const MEMBERS: Readonly<Record<string, string>> = { process: 'env', module: 'exports' }

/**
 * Reads a migration without loading it, and looks for code that a dry run can't simulate. The check is no safeguard
 * against code that hides its requests.
 *
 * @param path absolute path of the file
 * @param root folder of the application
 * @returns the first reason why a dry run must not run the file. Undefined: the file may run.
 */
export async function reasonNotToRun(path: string, root: string): Promise<string | undefined> {
  const source = await readFile(path, 'utf8')
  const reason = await reasonInSource(source, path, root)
  return reason ?? reasonInPackage(path)
}

async function reasonInSource(source: string, path: string, root: string): Promise<string | undefined> {
  const { createJiti } = await import('#jiti')
  const found: string[] = []
  const plugin = () => ({ pre: (file: BabelFile) => void found.push(...reasonsIn(file.path)), visitor: {} })
  const ts = /^\.[cm]?ts$/.test(extname(path))
  try {
    const jiti = createJiti(join(root, 'package.json'), { fsCache: false })
    const code = jiti.transform({ source, filename: path, ts, babel: { plugins: [plugin] } })
    // jiti turns a syntax error into code that reports the error.
    if (code.startsWith('exports.__JITI_ERROR__')) return "its syntax can't be parsed"
  } catch (error) {
    return `it can't be read: ${messageOf(error)}`
  }
  return found[0]
}

/** The members of Babel's `File` and `NodePath` that are used here. jiti brings Babel, without types. */
interface BabelFile {
  readonly path: BabelPath
}
interface BabelPath {
  readonly node: BabelNode
  readonly parent: BabelNode
  readonly scope: { hasBinding(name: string, noGlobals: boolean): boolean }
  traverse(visitor: Readonly<Record<string, (path: BabelPath) => void>>): void
}
interface BabelNode {
  readonly type: string
  readonly name?: string
  readonly value?: unknown
  readonly importKind?: string | null
  readonly exportKind?: string | null
  readonly source?: BabelNode | null
  readonly callee?: BabelNode
  readonly object?: BabelNode
  readonly property?: BabelNode
  readonly arguments?: readonly BabelNode[]
  readonly expression?: BabelNode
  readonly moduleReference?: BabelNode
}

/** Why a dry run must not run the file, by its syntax tree. Imports of types don't count. */
function reasonsIn(program: BabelPath): string[] {
  const reasons: string[] = []
  const imports = (source: BabelNode | null | undefined) => {
    if (source?.value === PACKAGE) return
    const name = typeof source?.value === 'string' ? source.value : 'a computed name'
    reasons.push(`it imports ${fitForLine(name)}`)
  }
  program.traverse({
    ImportDeclaration: ({ node }) => node.importKind !== 'type' && imports(node.source),
    ExportNamedDeclaration: ({ node }) => node.source && node.exportKind !== 'type' && imports(node.source),
    ExportAllDeclaration: ({ node }) => node.exportKind !== 'type' && imports(node.source),
    ImportExpression: ({ node }) => imports(node.source),
    Import: ({ parent }) => imports(parent.arguments?.[0]),
    TSImportEqualsDeclaration: ({ node }) =>
      node.importKind !== 'type' &&
      node.moduleReference?.type === 'TSExternalModuleReference' &&
      imports(node.moduleReference.expression),
    ReferencedIdentifier: ({ node, parent, scope }) => {
      const { name = '' } = node
      if (scope.hasBinding(name, true)) return
      if (name === 'require') imports(parent.callee === node ? parent.arguments?.[0] : undefined)
      else if (name in MEMBERS && !(parent.object === node && parent.property?.name === MEMBERS[name])) {
        reasons.push(`it uses ${name} for more than ${name}.${MEMBERS[name]}`)
      } else if (name in globalThis && !HARMLESS.has(name)) reasons.push(`it uses ${name}`)
    },
  })
  return reasons
}

/** Another version of this package may not support dry runs, and would really send its requests. */
function reasonInPackage(path: string): string | undefined {
  try {
    const { version } = createRequire(path)(`${PACKAGE}/package.json`) as { version?: string }
    return version === VERSION ? undefined : `its ${PACKAGE} has another version (${version}, here ${VERSION})`
  } catch (error) {
    return `its ${PACKAGE} is not found: ${messageOf(error)}`
  }
}
