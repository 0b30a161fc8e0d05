import { describe, expect, it } from 'vitest'
import { changed } from '../../support/connection.js'
import { onEachEngine } from '../../support/engines.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { ago, eachWithTable, PATHS } from './cleaning-table.js'

const FOR_EVER = { times: Number.POSITIVE_INFINITY }

onEachEngine('cleaning under faults', (engine) => {
  const table = eachWithTable(engine)
  const deletion = {
    'by default': engine.name === 'dynalite' ? 'DeleteItem' : 'BatchExecuteStatement',
    singly: 'DeleteItem',
  }

  describe.each(PATHS)('deletions go on (%s)', (path) => {
    it.each([
      ['is throttled', { error: 'ProvisionedThroughputExceededException' }],
      ['meets a fault inside AWS', { error: 'InternalServerError', status: 500 }],
      ['loses its connection before it was carried out', { drop: 'before' }],
      ['loses its connection after it was carried out', { drop: 'after' }],
    ] as const)('when a deletion %s more often than the SDK repeats it', async (_, fault) => {
      const { putExpired, put, take, clean, ids, proxy } = table()
      take(path)
      await putExpired(8)
      await put('live', { updated_at: ago(1) })
      proxy.inject(deletion[path], fault, { times: 7 })
      const { logger, lines } = recording()
      const summary = await clean({ segments: 1, logger })
      expect(await ids()).toEqual(['live'])
      expect(summary).toMatchObject({ scanned: 9, dead: 8, complete: true })
      expect(summary.deleted + summary.kept).toBe(9)
      if (!('drop' in fault) || fault.drop === 'before') expect(summary.deleted).toBe(8)
      expect(lines.join()).toContain(path === 'by default' && engine.name !== 'dynalite' ? 'trying again' : '')
    })

    it('and a deletion counts when only its response was lost', async () => {
      const { putExpired, take, clean, ids, proxy } = table()
      take(path)
      await putExpired(1)
      proxy.inject('DeleteItem', { drop: 'after' })
      expect(await clean()).toMatchObject({ dead: 1, deleted: 1, kept: 0 })
      expect(await ids()).toEqual([])
    })
  })

  describe('the scan', () => {
    it.each([
      ['is throttled', { error: 'ThrottlingException' }],
      ['meets a fault inside AWS', { error: 'InternalServerError', status: 500 }],
      ['loses its connection', { drop: 'before' }],
    ] as const)('continues when it %s more often than the SDK repeats it', async (_, fault) => {
      const { putExpired, clean, ids, proxy } = table()
      await putExpired(30, { data: { S: `{"a":"${'x'.repeat(100_000)}"}` } })
      proxy.inject('Scan', fault, { after: 1, times: 4 })
      expect(await clean({ segments: 1 })).toMatchObject({ scanned: 30, deleted: 30, complete: true })
      expect(await ids()).toEqual([])
    })

    it('without permission ends cleaning with an error that says what to do', async () => {
      const { putExpired, deny, clean, ids } = table()
      await putExpired(3)
      deny('Scan', 'dynamodb:Scan')
      await expect(clean()).rejects.toMatchObject({
        name: 'TableRequestError',
        message: expect.stringContaining('allow dynamodb:Scan in the IAM policy'),
      })
      expect(await ids()).toHaveLength(3)
    })

    it('with a response that is not a page is an error, not an empty table', async () => {
      const { clean, proxy } = table()
      proxy.inject('Scan', { answer: {} }, FOR_EVER)
      await expect(clean()).rejects.toThrow('The response to Scan for the table')
    })

    it('of a segment that fails ends the other segments too, after their running requests', async () => {
      const { putExpired, clean, proxy, ids } = table()
      await putExpired(30)
      const denied = { error: 'AccessDeniedException' }
      let refused = () => {}
      const others = new Promise<void>((resolve) => {
        refused = resolve
      })
      const meanwhile = async () => void setTimeout(refused, 50)
      proxy.inject('Scan', denied, { ...FOR_EVER, when: ({ Segment }) => Segment === 1, meanwhile })
      proxy.inject('Scan', { delay: () => others }, FOR_EVER) // keeps the other segments running
      await expect(clean({ segments: 3 })).rejects.toThrow('access denied')
      const { length } = proxy.requests
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(proxy.requests).toHaveLength(length)
      expect(await ids()).toHaveLength(30)
    })
  })

  it('a role without PartiQLDelete and DeleteItem is an error, and nothing is deleted', async () => {
    const { putExpired, deny, clean, ids } = table()
    await putExpired(12)
    deny('BatchExecuteStatement', 'dynamodb:PartiQLDelete')
    deny('DeleteItem', 'dynamodb:DeleteItem')
    await expect(clean()).rejects.toMatchObject({
      name: 'TableRequestError',
      message: expect.stringContaining('allow dynamodb:DeleteItem in the IAM policy'),
    })
    expect(await ids()).toHaveLength(12)
  })

  it('logs that it deletes one by one, and why', async () => {
    const { putExpired, take, clean } = table()
    take('singly')
    await putExpired(30)
    const { logger, lines } = recording()
    await clean({ logger })
    expect(lines).toEqual(['deleting one by one: dynamodb:PartiQLDelete is not allowed'])
  })

  it('a failed condition at the first attempt counts as a kept session, on every engine', async () => {
    const { putExpired, take, clean, proxy } = table()
    take('singly')
    await putExpired(2)
    proxy.inject('DeleteItem', { error: 'ConditionalCheckFailedException' })
    expect(await clean()).toMatchObject({ dead: 2, deleted: 1, kept: 1, complete: true })
  })

  describe.skipIf(engine.name === 'dynalite')('the error of a statement in a response with status 200', () => {
    it.each([
      'ThrottlingError',
      'ProvisionedThroughputExceeded',
      'RequestLimitExceeded',
      'InternalServerError',
      'TransactionConflict',
    ])('%s: only that statement is repeated, until it succeeds', async (code) => {
      const { putExpired, clean, ids, inputs } = table()
      await putExpired(25)
      throttleStatements(code, { until: 3 })
      expect(await clean({ segments: 1 })).toMatchObject({ dead: 25, deleted: 25, kept: 0, complete: true })
      expect(await ids()).toEqual([])
      const sizes = inputs('BatchExecuteStatement').map(({ Statements }) => Statements.length)
      expect(sizes).toEqual([25, 24, 23, 22])
    })

    it('ConditionalCheckFailed: the session is kept, and the statement is not repeated', async () => {
      const { putExpired, clean, inputs } = table()
      await putExpired(5)
      table().proxy.inject('BatchExecuteStatement', { change: withErrors('ConditionalCheckFailed', [1, 3]) })
      expect(await clean({ segments: 1 })).toMatchObject({ dead: 5, deleted: 3, kept: 2 })
      expect(inputs('BatchExecuteStatement')).toHaveLength(1)
    })

    it.each([
      ['AccessDenied', 'access denied'],
      ['ValidationError', 'DynamoDB refuses the request: because'],
      ['ResourceNotFound', 'the table does not exist'],
      ['SomethingNew', 'SomethingNew: because'],
    ])('%s: is thrown', async (code, text) => {
      const { putExpired, clean, inputs } = table()
      await putExpired(5)
      table().proxy.inject('BatchExecuteStatement', { change: withErrors(code, [2]) }, FOR_EVER)
      const failure = await clean({ segments: 1 }).catch((error) => error)
      expect(failure).toMatchObject({ name: 'TableRequestError', message: expect.stringContaining(text) })
      expect(failure.message).toContain('dynamodb:PartiQLDelete')
      expect(failure.message).not.toContain('expired2')
      expect(inputs('DeleteItem')).toEqual([])
    })

    it('a response without a result for each statement is an error, not a success', async () => {
      const { putExpired, clean, proxy } = table()
      await putExpired(5)
      proxy.inject('BatchExecuteStatement', { answer: { Responses: [{}] } })
      await expect(clean({ segments: 1 })).rejects.toThrow('does not respond to deletions like DynamoDB')
    })

    /** For the first requests, fails all statements except one, without carrying them out. */
    function throttleStatements(code: string, { until }: { until: number }): void {
      const { proxy, client } = table()
      let requests = 0
      changed(client).middlewareStack.add(
        (next) => async (args) => {
          const { input } = args as { input: { Statements?: unknown[] } }
          const all = input.Statements
          if (!all || requests >= until) return next(args)
          requests += 1
          const sent = await next({ ...args, input: { ...input, Statements: all.slice(0, 1) } } as typeof args)
          const output = sent.output as { Responses?: object[] }
          const failed = all.slice(1).map(() => ({ Error: { Code: code, Message: 'because' } }))
          Object.assign(output, { Responses: [...(output.Responses ?? []), ...failed] })
          proxy.requests.at(-1)?.input.Statements.push(...all.slice(1))
          return sent
        },
        { step: 'initialize' },
      )
    }

    // biome-ignore lint/suspicious/noExplicitAny: the shape of the response is known
    const withErrors = (code: string, at: readonly number[]) => (answer: any) => ({
      ...answer,
      Responses: answer.Responses.map((response: object, index: number) =>
        at.includes(index) ? { Error: { Code: code, Message: 'because' } } : response,
      ),
    })
  })

  it('permanent throttling is thrown in the end', { timeout: 90_000 }, async () => {
    const { putExpired, clean, proxy } = table()
    await putExpired(1)
    proxy.inject('Scan', { error: 'ThrottlingException' }, FOR_EVER)
    await expect(clean({ segments: 1 })).rejects.toThrow('too many such requests')
  })

  function recording() {
    const logger = recordingLogger()
    return { logger, lines: logger.lines }
  }
})
