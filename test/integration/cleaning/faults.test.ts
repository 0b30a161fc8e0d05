import { describe, expect, it } from 'vitest'
import { changed } from '../../support/connection.js'
import { onEachEngine } from '../../support/engines.js'
import { recordingLogger } from '../../support/recording-logger.js'
import { ago, eachWithTable, PATHS } from './garbage.js'

const FOR_EVER = { times: Number.POSITIVE_INFINITY }

onEachEngine('cleaning under faults', (engine) => {
  const table = eachWithTable(engine)
  const deletion = {
    'by default': engine.name === 'dynalite' ? 'DeleteItem' : 'BatchExecuteStatement',
    singly: 'DeleteItem',
  }

  describe.each(PATHS)('deletes go on (%s)', (path) => {
    it.each([
      ['is throttled', { error: 'ProvisionedThroughputExceededException' }],
      ['meets a fault inside AWS', { error: 'InternalServerError', status: 500 }],
      ['loses its connection before it was carried out', { drop: 'before' }],
      ['loses its connection after it was carried out', { drop: 'after' }],
    ] as const)('when a delete %s, oftener than the SDK repeats it', async (_, fault) => {
      const { putDead, put, take, clean, ids, proxy } = table()
      take(path)
      await putDead(8)
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

    it('and count a delete as done when only its answer was lost', async () => {
      const { putDead, take, clean, ids, proxy } = table()
      take(path)
      await putDead(1)
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
    ] as const)('goes on where it was when it %s, oftener than the SDK repeats it', async (_, fault) => {
      const { putDead, clean, ids, proxy } = table()
      await putDead(30, { data: { S: `{"a":"${'x'.repeat(100_000)}"}` } })
      proxy.inject('Scan', fault, { after: 1, times: 4 })
      expect(await clean({ segments: 1 })).toMatchObject({ scanned: 30, deleted: 30, complete: true })
      expect(await ids()).toEqual([])
    })

    it('that fails for good ends cleaning with an error that says what to do', async () => {
      const { putDead, deny, clean, ids } = table()
      await putDead(3)
      deny('Scan', 'dynamodb:Scan')
      await expect(clean()).rejects.toMatchObject({
        name: 'TableRequestError',
        message: expect.stringContaining('allow dynamodb:Scan in the IAM policy'),
      })
      expect(await ids()).toHaveLength(3)
    })

    it('that is answered with something else than a page is an error, not an empty table', async () => {
      const { clean, proxy } = table()
      proxy.inject('Scan', { answer: {} }, FOR_EVER)
      await expect(clean()).rejects.toThrow('The response to Scan for the table')
    })

    it('of one segment that fails ends the others too, and every request is finished by then', async () => {
      const { putDead, clean, proxy, ids } = table()
      await putDead(30)
      const denied = { error: 'AccessDeniedException' }
      let refused = () => {}
      const others = new Promise<void>((resolve) => {
        refused = resolve
      })
      const meanwhile = async () => void setTimeout(refused, 50)
      proxy.inject('Scan', denied, { ...FOR_EVER, when: ({ Segment }) => Segment === 1, meanwhile })
      proxy.inject('Scan', { delay: () => others }, FOR_EVER) // else they may have ended before
      await expect(clean({ segments: 3 })).rejects.toThrow('access denied')
      const { length } = proxy.requests
      await new Promise((resolve) => setTimeout(resolve, 200))
      expect(proxy.requests).toHaveLength(length)
      expect(await ids()).toHaveLength(30)
    })
  })

  it('a role that may do neither PartiQLDelete nor DeleteItem is an error, and nothing is deleted', async () => {
    const { putDead, deny, clean, ids } = table()
    await putDead(12)
    deny('BatchExecuteStatement', 'dynamodb:PartiQLDelete')
    deny('DeleteItem', 'dynamodb:DeleteItem')
    await expect(clean()).rejects.toMatchObject({
      name: 'TableRequestError',
      message: expect.stringContaining('allow dynamodb:DeleteItem in the IAM policy'),
    })
    expect(await ids()).toHaveLength(12)
  })

  it('says that it deletes one by one, and why', async () => {
    const { putDead, take, clean } = table()
    take('singly')
    await putDead(30)
    const { logger, lines } = recording()
    await clean({ logger })
    expect(lines).toEqual(['deleting one by one: dynamodb:PartiQLDelete is not allowed'])
  })

  it('a failed condition that arrives at the first attempt is a session that is kept, whatever the engine tells of it', async () => {
    const { putDead, take, clean, proxy } = table()
    take('singly')
    await putDead(2)
    proxy.inject('DeleteItem', { error: 'ConditionalCheckFailedException' })
    expect(await clean()).toMatchObject({ dead: 2, deleted: 1, kept: 1, complete: true })
  })

  describe.skipIf(engine.name === 'dynalite')("each statement's own error in an answer with status 200", () => {
    it.each([
      'ThrottlingError',
      'ProvisionedThroughputExceeded',
      'RequestLimitExceeded',
      'InternalServerError',
      'TransactionConflict',
    ])('%s: that statement alone is sent again, until it succeeds', async (code) => {
      const { putDead, clean, ids, inputs } = table()
      await putDead(25)
      throttleStatements(code, { until: 3 })
      expect(await clean({ segments: 1 })).toMatchObject({ dead: 25, deleted: 25, kept: 0, complete: true })
      expect(await ids()).toEqual([])
      const sizes = inputs('BatchExecuteStatement').map(({ Statements }) => Statements.length)
      expect(sizes).toEqual([25, 24, 23, 22])
    })

    it('ConditionalCheckFailed: the session is kept, and not tried again', async () => {
      const { putDead, clean, inputs } = table()
      await putDead(5)
      table().proxy.inject('BatchExecuteStatement', { change: withErrors('ConditionalCheckFailed', [1, 3]) })
      expect(await clean({ segments: 1 })).toMatchObject({ dead: 5, deleted: 3, kept: 2 })
      expect(inputs('BatchExecuteStatement')).toHaveLength(1)
    })

    it.each([
      ['AccessDenied', 'access denied'],
      ['ValidationError', 'DynamoDB refuses the request: because'],
      ['ResourceNotFound', 'the table does not exist'],
      ['SomethingNew', 'SomethingNew: because'],
    ])('%s: is raised', async (code, text) => {
      const { putDead, clean, inputs } = table()
      await putDead(5)
      table().proxy.inject('BatchExecuteStatement', { change: withErrors(code, [2]) }, FOR_EVER)
      const failure = await clean({ segments: 1 }).catch((error) => error)
      expect(failure).toMatchObject({ name: 'TableRequestError', message: expect.stringContaining(text) })
      expect(failure.message).toContain('dynamodb:PartiQLDelete')
      expect(failure.message).not.toContain('dead2')
      expect(inputs('DeleteItem')).toEqual([])
    })

    it('an answer that does not tell of every statement is an error, not a success', async () => {
      const { putDead, clean, proxy } = table()
      await putDead(5)
      proxy.inject('BatchExecuteStatement', { answer: { Responses: [{}] } })
      await expect(clean({ segments: 1 })).rejects.toThrow('does not answer deletes like DynamoDB')
    })

    /** Fails all statements but one, without carrying them out, for the first requests. */
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

    // biome-ignore lint/suspicious/noExplicitAny: the shape of the answer is known
    const withErrors = (code: string, at: readonly number[]) => (answer: any) => ({
      ...answer,
      Responses: answer.Responses.map((response: object, index: number) =>
        at.includes(index) ? { Error: { Code: code, Message: 'because' } } : response,
      ),
    })
  })

  it('throttling that does not end is raised in the end', { timeout: 90_000 }, async () => {
    const { putDead, clean, proxy } = table()
    await putDead(1)
    proxy.inject('Scan', { error: 'ThrottlingException' }, FOR_EVER)
    await expect(clean({ segments: 1 })).rejects.toThrow('too many such requests')
  })

  function recording() {
    const logger = recordingLogger()
    return { logger, lines: logger.lines }
  }
})
