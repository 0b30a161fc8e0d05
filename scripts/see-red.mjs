// Shows that the tests of the session runtime under faults can fail. Breaks the sources in memory, once for each entry
// of BREAKAGES. Ends with exit code 1 when a test never went red, or when no test noticed a breakage.
//
// All: node --no-warnings scripts/see-red.mjs
// Some, by texts in the file, the function or the description: … 'SessionItems.write' 'a batch has no limit'
// With some of the tests, by the names of their files: … --tests faults,batched-reads

import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadConfigFromFile } from 'vite'
import { createVitest } from 'vitest/node'
import { broken } from './see-red/break.mjs'
import { BREAKAGES } from './see-red/breakages.mjs'

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string', default: 'faults,store-faults,lost-answers,batched-reads,forwarder,regenerate' },
  },
})
const NOTHING = { what: 'nothing is broken' }
const chosen = BREAKAGES.filter(({ file, place, what }) => {
  const text = `${file} ${place} ${what}`
  return words.length === 0 || words.some((word) => text.includes(word))
})

/** The file that is broken now. */
let current = { path: undefined, source: '' }
const breaker = {
  name: 'see-red',
  enforce: 'pre',
  transform: (_, path) => (path === current.path ? current.source : undefined),
}
const vitest = await start()
const names = values.tests.split(',')
const specifications = (await vitest.globTestSpecifications(['/session/'])).filter(({ moduleId }) =>
  names.includes(basename(moduleId, '.test.ts')),
)
const seenRed = new Set()
const all = new Set()
const unnoticed = []
try {
  for (const breakage of [NOTHING, ...chosen]) {
    const { what } = breakage
    const tests = await testsWith(breakage)
    const red = tests.filter((test) => test.result().state === 'failed').map(({ fullName }) => fullName)
    console.log(`${what}: ${red.length} of ${tests.length} red`)
    if (breakage === NOTHING && red.length > 0)
      throw new Error(['red although nothing is broken:', ...red].join('\n  '))
    if (breakage !== NOTHING && red.length === 0) unnoticed.push(what)
    for (const { fullName } of tests) all.add(fullName)
    for (const name of red) seenRed.add(name)
  }
} finally {
  await vitest.close()
}
const green = [...all].filter((name) => !seenRed.has(name))
console.log(`\n${seenRed.size} of ${all.size} tests were seen red.`)
if (green.length > 0) console.error(['Never red:', ...green].join('\n  '))
if (unnoticed.length > 0) console.error(['No test went red:', ...unnoticed].join('\n  '))
// Vitest has set 1, because tests were red.
process.exitCode = green.length + unnoticed.length > 0 ? 1 : 0

/** The tests of the files, after a run with one breakage. */
async function testsWith({ file, place, change }) {
  const { path: before } = current
  current = file ? { path: resolve(file), source: broken(readFileSync(file, 'utf8'), place, change) } : {}
  for (const path of [before, current.path]) if (path) vitest.invalidateFile(path)
  const { testModules } = await vitest.runTestSpecifications(specifications)
  return testModules.flatMap((module) => [...module.children.allTests()])
}

/** Vitest with the projects unit and integration. Broken code often hangs, so a test may take 10 seconds. */
async function start() {
  const { config } = await loadConfigFromFile({ command: 'serve', mode: 'test' }, 'vitest.config.ts')
  const projects = config.test.projects
    .filter(({ test }) => ['unit', 'integration'].includes(test.name))
    .map(({ resolve, test }) => ({
      plugins: [breaker],
      resolve,
      test: { ...test, testTimeout: 10_000, execArgv: ['--no-warnings'] },
    }))
  return createVitest('test', { config: false, watch: false, reporters: [{}], projects })
}
