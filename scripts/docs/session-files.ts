import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FRAMEWORK_NAMES, type FrameworkName } from '../../generators/session-store/frameworks.js'
import { planStore } from '../../generators/session-store/plan.js'

/** Path and text of `session.js` and `session.ts` of each framework, as the generator session-store writes them. */
export function sessionFiles(): Map<string, string> {
  const root = mkdtempSync(join(tmpdir(), 'session-files-'))
  try {
    writeFileSync(join(root, 'package.json'), '{"type":"module"}')
    return new Map(FRAMEWORK_NAMES.flatMap((framework) => filesOf(framework, root)))
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** The folders of docs/snippets/ for the files of a framework, where they are not named like the framework. */
const FOLDERS: Partial<Record<FrameworkName, readonly string[]>> = {
  express: ['express', 'quick-start'],
  nest: ['nestjs'],
}

function filesOf(framework: FrameworkName, root: string): [path: string, text: string][] {
  const folders = FOLDERS[framework] ?? [framework]
  return ['js', 'ts'].flatMap((language) =>
    planStore({ root, framework, language }).files.flatMap(({ text }) =>
      folders.map((folder): [string, string] => [`docs/snippets/${folder}/session.${language}`, text]),
    ),
  )
}
