import { expect, it } from 'vitest'
import type { Outcome } from '../../../../generators/files/carry-out.js'
import { closingLines } from '../../../../generators/files/report.js'
import { application } from '../application.js'

const root = process.cwd()
const file = { path: `${root}/session.js`, text: '' }
const plan = { files: [file], notices: ['behind a proxy: trust it'], next: 'npm start' }
const lines = (outcomes: readonly Outcome[], undo: boolean) =>
  closingLines(plan, outcomes, { root, undo, dryRun: false })

it('ends with the notices and the next command', () => {
  expect(lines([{ file, kind: 'written' }], false)).toEqual(['note: behind a proxy: trust it', 'Next: npm start'])
})

it('says nothing about written files after undo', () => {
  expect(lines([{ file, kind: 'removed' }], true)).toEqual([])
})

it('says after undo why there is nothing to remove', () => {
  expect(lines([], true)).toEqual(['note: behind a proxy: trust it'])
})

it('names the next commands for the package manager of the application', () => {
  const { root } = application({ 'pnpm-lock.yaml': '' })
  const plan = { files: [file], notices: [], next: ['npx umzug up', 'A=1 npx umzug up', "import a from './npx x'"] }
  expect(closingLines(plan, [], { root, dryRun: false, undo: false })).toEqual([
    'Next:',
    '  pnpm exec umzug up',
    '  A=1 pnpm exec umzug up',
    "  import a from './npx x'",
  ])
})
