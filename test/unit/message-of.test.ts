import { expect, it } from 'vitest'
import { messageOf, TableRequestError } from '../../runtime/errors.js'

it('adds the causes that say something new, at any depth', () => {
  const disk = new Error('disk full')
  const inner = new Error('no table', { cause: disk })
  const outer = new Error('1_a failed: no table', { cause: inner })
  expect(messageOf(outer)).toBe('1_a failed: no table\n  caused by: disk full')
  expect(messageOf('text')).toBe('text')
  expect(messageOf(new Error('', { cause: undefined }))).toBe('Error')
})

it('lists the messages inside an AggregateError', () => {
  const refused = ['::1', '127.0.0.1'].map((host) => new Error(`connect ECONNREFUSED ${host}`))
  expect(messageOf(new AggregateError(refused))).toBe('connect ECONNREFUSED ::1; connect ECONNREFUSED 127.0.0.1')
})

it('leaves out AWS’s own message, and stops at a circular cause', () => {
  const aws = new Error('The canonical string should have been: authorization …')
  const outer = new Error('1_a failed', { cause: new TableRequestError('access denied', { cause: aws }) })
  expect(messageOf(outer)).toBe('1_a failed\n  caused by: access denied')
  const round = new Error('round')
  round.cause = round
  expect(messageOf(round)).toBe('round')
})
