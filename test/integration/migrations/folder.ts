import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { collectGarbage } from '../../../runtime/cleaning/collect-garbage.js'
import { createTable } from '../../../runtime/table/create-table.js'
import { deleteTable } from '../../../runtime/table/delete-table.js'
import { deleteIndex } from '../../../runtime/table/table-indexes.js'
import { updateTable } from '../../../runtime/table/update-table.js'
import { VERSION } from '../../../runtime/version.js'

/** What the migrations of a test have done, in this order: they find it on the global object. */
export function recordRuns(): string[] {
  const runs: string[] = []
  Object.assign(globalThis, { runs })
  return runs
}

const NODE_MODULES = join(import.meta.dirname, '../../../node_modules')

/** A temporary application folder with these files, gone after the test. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-migrations-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await symlink(NODE_MODULES, join(folder, 'node_modules'), 'junction')
  for (const [path, text] of Object.entries({ 'package.json': '{}', ...files })) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

/** The text of a migration that records its runs. */
export function migration(name: string): string {
  return `exports.up = async () => { runs.push('up ${name}') }\nexports.down = async () => { runs.push('down ${name}') }\n`
}

const FUNCTIONS = { createTable, deleteTable, deleteIndex, updateTable, collectGarbage }

/** Files that let migrations import these sources as `dynamo-session-store`. */
export function packageFiles(): Record<string, string> {
  Object.assign(globalThis, { functionsOfPackage: FUNCTIONS })
  const folder = 'migrations/node_modules/dynamo-session-store'
  return {
    [`${folder}/package.json`]: JSON.stringify({ name: 'dynamo-session-store', version: VERSION, main: 'index.js' }),
    [`${folder}/index.js`]: Object.keys(FUNCTIONS)
      .map((name) => `exports.${name} = (...all) => functionsOfPackage.${name}(...all)`)
      .join('\n'),
  }
}
