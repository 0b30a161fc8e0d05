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

function filesOf(framework: FrameworkName, root: string): [path: string, text: string][] {
  const folder = `docs/snippets/${framework === 'nest' ? 'nestjs' : framework}`
  return ['js', 'ts'].flatMap((language) =>
    planStore({ root, framework, language }).files.map(({ text }): [string, string] => [
      `${folder}/session.${language}`,
      text,
    ]),
  )
}
