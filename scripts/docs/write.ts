// npm run docs:write: writes what the documentation takes from files and from the code. CONTRIBUTING.md, "A page".
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generatedFiles } from './generated.js'
import { exists, ROOT } from './pages.js'

try {
  const changed = [...(await generatedFiles())].filter(([path, text]) => !exists(path) || current(path) !== text)
  for (const [path, text] of changed) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true })
    writeFileSync(join(ROOT, path), text)
    console.log(`written: ${path}`)
  }
  if (changed.length === 0) console.log('nothing to write: the documentation is up to date')
} catch (error) {
  console.error(process.env.DEBUG ? error : (error as Error).message)
  process.exitCode = 1
}

function current(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}
