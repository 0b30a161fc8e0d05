import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { folderWith } from './folder.js'

const ROOT = join(import.meta.dirname, '../..')

const CONFIG = {
  compilerOptions: { module: 'nodenext', types: ['node'], strict: true, noEmit: true },
  files: ['app.ts'],
}

/** What an editor shows of a property when the user hovers over it. */
export interface Hover {
  readonly text: string
  readonly tags: ReadonlyMap<string, string>
}

/**
 * Reads the doc comments of the properties of types from the declarations in the packed tarball.
 *
 * @param variables an application's TypeScript. It imports from `./package/dist/`, and declares a variable for each type.
 * @param names the names of these variables
 */
export async function hoversOf(
  tarball: string,
  variables: string,
  names: readonly string[],
): Promise<Map<string, Map<string, Hover>>> {
  const folder = folderWith({
    'app.ts': variables,
    'tsconfig.json': JSON.stringify(CONFIG),
    'package.json': '{ "type": "module" }',
  })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  execFileSync('tar', ['-xzf', tarball, '-C', folder])
  const { API } = await import('typescript/unstable/sync')
  const api = new API({ cwd: folder })
  onTestFinished(() => api.close())
  const config = join(folder, 'tsconfig.json')
  const checker = api.updateSnapshot({ openProjects: [config] }).getProject(config)?.checker
  if (!checker) throw new Error('TypeScript did not open the project')
  return new Map(
    names.map((name) => {
      const position = variables.search(new RegExp(`\\b${name}:`))
      const symbol = checker.getSymbolAtPosition(join(folder, 'app.ts'), position)
      const type = symbol && checker.getTypeOfSymbol(symbol)
      if (!type) throw new Error(`TypeScript knows no variable ${name}`)
      const properties = checker.getPropertiesOfType(type).map((property): [string, Hover] => {
        const tags = property.getJsDocTags(checker).map((tag): [string, string] => [tag.name, tag.text ?? ''])
        return [property.name, { text: property.getDocumentationComment(checker), tags: new Map(tags) }]
      })
      return [name, new Map(properties)]
    }),
  )
}
