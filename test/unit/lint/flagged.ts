import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderWith } from '../../support/folder.js'

const ROOT = join(import.meta.dirname, '../../..')
const PLUGIN = 'scripts/lint/one-clock.grit'

/** The files that a rule of this project's biome.json refuses, sorted. */
export function flaggedBy(rule: string, files: Readonly<Record<string, string>>): string[] {
  const { $schema, vcs, ...settings } = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8'))
  const cwd = folderWith({
    ...files,
    'biome.json': JSON.stringify(settings),
    [PLUGIN]: readFileSync(join(ROOT, PLUGIN), 'utf8'),
  })
  const arguments_ = ['lint', '--reporter=json', '--max-diagnostics=none', '.']
  const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/biome'), arguments_, { cwd, encoding: 'utf8' })
  const { diagnostics }: { diagnostics: { category: string; location: { path: string } }[] } = JSON.parse(stdout)
  const paths = diagnostics.filter(({ category }) => category === rule).map(({ location }) => location.path)
  return [...new Set(paths)].toSorted()
}
