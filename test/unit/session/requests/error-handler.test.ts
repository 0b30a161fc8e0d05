import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { TableMissingError } from '../../../../runtime/errors.js'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { handleError, report } from '../../../../runtime/session/requests/errors.js'
import { folderWith } from '../../../support/folder.js'

const CONTEXT = { operation: 'get', sessionIdHash: 'a1b2' }

/** What is written to standard error from now on. */
function standardError(): string[] {
  const lines: string[] = []
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0)
  onTestFinished(() => spy.mockRestore())
  return lines
}

function failing(): never {
  throw new Error('the handler failed')
}

describe('the error handler', () => {
  it('is an object with a method, called on the object', () => {
    const handler = {
      calls: [] as unknown[][],
      handle: function (...call: unknown[]) {
        this.calls.push(call)
      },
    }
    const error = new Error('slow down')
    handleError(error, CONTEXT, handler)
    expect(handler.calls).toEqual([[error, CONTEXT]])
  })

  it('may be a function', () => {
    const handler = vi.fn()
    const error = new Error('slow down')
    handleError(error, CONTEXT, handler)
    report('no Error', CONTEXT, handler)
    expect(handler.mock.calls).toEqual([
      [error, CONTEXT],
      [new Error('no Error'), CONTEXT],
    ])
  })

  it('writes a line to standard error by default', () => {
    const lines = standardError()
    handleError(new Error('slow down'), CONTEXT)
    expect(lines).toEqual(['dynamo-session-store: get failed (session a1b2): Error: slow down\n'])
  })

  it('writes the code of an error of this package', () => {
    const lines = standardError()
    handleError(new TableMissingError('no table'), CONTEXT)
    expect(lines).toEqual([
      'dynamo-session-store: get failed (session a1b2): TableMissingError [TABLE_MISSING]: no table\n',
    ])
  })

  it.each([
    ['a function', failing],
    ['an object', { handle: failing }],
  ])('reaches the request with what it throws, as %s', async (_, errorHandler) => {
    expect(() => handleError(new Error('slow down'), CONTEXT, errorHandler)).toThrow('the handler failed')
    const store = new DynamoSessionStore({ endpoint: 'http://127.0.0.1:1', root: folderWith(), errorHandler })
    await expect(store.get('s1')).rejects.toThrow('the handler failed')
  })

  it('writes both errors to standard error where no request waits', () => {
    const lines = standardError()
    report(new Error('slow down'), CONTEXT, failing)
    expect(lines).toEqual([
      'dynamo-session-store: get failed (session a1b2): Error: slow down\n',
      'dynamo-session-store: error_handler failed (session a1b2): Error: the handler failed\n',
    ])
  })

  it('does not end the process when it is async and rejects', async () => {
    const lines = standardError()
    handleError(new Error('slow down'), CONTEXT, async () => failing())
    await setImmediate()
    expect(lines[1]).toBe('dynamo-session-store: error_handler failed (session a1b2): Error: the handler failed\n')
  })
})
