import { expect, it } from 'vitest'
import type { Outcome } from '../../../../generators/files/carry-out.js'
import { closingLines } from '../../../../generators/files/report.js'

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

it('ends with several lines to do next, one below the other', () => {
  const next = ['npm install koa-session', 'app.use(sessions(app))']
  expect(closingLines({ ...plan, notices: [], next }, [], { root, dryRun: false, undo: false })).toEqual([
    'Next:',
    '  npm install koa-session',
    '  app.use(sessions(app))',
  ])
})
