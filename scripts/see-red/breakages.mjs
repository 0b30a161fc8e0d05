/**
 * By file: what is broken, the function or constant, and the change. break.mjs has the forms of the last two.
 *
 * @type {Record<string, [what: string, place: string, change: string | Record<string, string>][]>}
 */
const BY_FILE = {
  'runtime/session/requests/session-items.ts': [
    ['writes carry no condition', 'SessionItems.write', 'condition = {}'],
    ['writes are not sent', 'SessionItems.write', 'return { written: true, item: undefined }'],
    [
      'a failed write is swallowed',
      'SessionItems.write',
      'return original().catch(() => ({ written: true, item: undefined }))',
    ],
    ['a failed write is sent again', 'SessionItems.write', 'return original().catch(() => original())'],
    [
      'errors name the session',
      'SessionItems.write',
      'return original().catch((error) => { throw Object.assign(error, { id }) })',
    ],
    ['repeats of a write are not noticed', 'refused', 'repeated = false'],
    [
      'every repeat of a write counts as an own one',
      'SessionItems.write',
      `const result = await original()
      return result.repeated && result.current ? { written: true, item: result.current } : result`,
    ],
    ['a failed read is swallowed', 'SessionItems.#get', 'return original().catch(() => undefined)'],
    ['reads take a forwarder for a session', 'SessionItems.get', { successorOf: '() => undefined' }],
    ['a logout does not follow a forwarder', 'SessionItems.delete', { successorOf: '() => undefined' }],
    ['an unknown outcome counts as a failure', 'SessionItems.successorOf', 'return undefined'],
    ['scans give forwarders', 'SessionItems.scan', { maybeOwnSessions: '() => undefined' }],
  ],
  'runtime/session/requests/items-by-key.ts': [
    ['deletes are not sent', 'ItemsByKey.#delete', 'return { deleted: true }'],
    ['a failed delete is swallowed', 'ItemsByKey.#delete', 'return original().catch(() => ({ deleted: true }))'],
    ['a failed delete is sent again', 'ItemsByKey.#delete', 'return original().catch(() => original())'],
    [
      'a logout deletes the forwarder',
      'ItemsByKey.deleteUnlessForwarder',
      'return this.#delete(key, new Expression(this.#configuration.tableKey), undefined)',
    ],
  ],
  'runtime/session/requests/expression.ts': [
    [
      'writes take a forwarder for a session',
      'Expression.condition',
      "this.noForwarder = () => `attribute_not_exists(${this.name('none')})`",
    ],
  ],
  'runtime/session/requests/errors.ts': [
    ["errors are the SDK's", 'storeError', 'return error'],
    ['an error of a batch lacks its stack', 'copyOf', 'return Object.assign(original(), { stack: undefined })'],
    [
      'an error of a batch is no native one',
      'copyOf',
      `const copy = original()
      return Object.create(Object.getPrototypeOf(copy), Object.getOwnPropertyDescriptors(copy))`,
    ],
    [
      'an error of a batch that cannot be copied hangs',
      'copyOf',
      `const copy = original()
      if (copy === error) throw error
      return copy`,
    ],
  ],
  'runtime/session/requests/batched-reads.ts': [
    ['reads are not sent', 'BatchedReads.#send', 'return undefined'],
    ['a failed read is sent again', 'BatchedReads.#send', 'return original().catch(() => original())'],
    ['reads are eventually consistent', 'BatchedReads.constructor', 'consistent = false'],
    ['reads are consistent', 'BatchedReads.constructor', 'consistent = true'],
    [
      'reads ignore table_key',
      'BatchedReads.constructor',
      "configuration = { ...configuration, tableKey: 'session_id' }",
    ],
    [
      'all of a batch get the same item',
      'BatchedReads.#sendBatch',
      'readers = readers.map((reader) => ({ ...reader, key: readers[0].key }))',
    ],
    [
      'reads are remembered',
      'BatchedReads.get',
      `this.known ??= new Map()
      if (!this.known.has(key)) this.known.set(key, original())
      return this.known.get(key)`,
    ],
    ['a batch takes what was left for missing', 'BatchedReads.#sendBatch', { Object: '{ values: () => [] }' }],
    ['readers of a batch share an item', 'BatchedReads.#sendBatch', { structuredClone: '(item) => item' }],
    [
      'only the first reader of an item in a batch gets a result',
      'BatchedReads.#sendBatch',
      { structuredClone: '() => new Promise(() => {})' },
    ],
    ['a batch has no limit', 'LARGEST_BATCH', '1000'],
    [
      'a batch of one',
      'BatchedReads.#sendAlone',
      `if (this.#mayBatch() && !reader.again) return void this.#sendBatch([{ ...reader, again: true }])`,
    ],
    [
      'readers of one item are no batch',
      'BatchedReads.#sendBatch',
      'if (readers.every(({ key }) => key === readers[0].key)) return readers.forEach(this.#sendAlone)',
    ],
    ['a batch ends with the tick', 'BatchedReads.get', { setImmediate: '() => Promise.resolve()' }],
    [
      'a batch waits for fake timers',
      'BatchedReads.get',
      { setImmediate: '() => new Promise((resolve) => globalThis.setImmediate(resolve))' },
    ],
    [
      'reads forget their callers',
      'BatchedReads.get',
      { AsyncResource: 'class { runInAsyncScope(run, self, ...given) { return run.apply(self, given) } }' },
    ],
    ['batches never rest', 'BatchedReads.#rest', 'return void (this.#doubt = Number.POSITIVE_INFINITY)'],
    ['batches rest for less than a minute', 'REST', '59_000'],
    ['batches are given up for ever', 'REST', '1e9'],
    [
      'waiting reads are batched while batches rest',
      'BatchedReads.#start',
      `this.#restsUntil = 0
      this.#doubt = Number.POSITIVE_INFINITY`,
    ],
    ['a batch that times out is read one by one', 'BatchedReads.#sendBatch', { isTimeout: '() => false' }],
    [
      'a batch that times out is tried again',
      'BatchedReads.#sendBatch',
      { monotonic: '() => Number.POSITIVE_INFINITY' },
    ],
    [
      'a batch that times out later is judged later',
      'BatchedReads.#sendBatch',
      { Math: '{ min: (_, later) => later }' },
    ],
    ['a batch fails for whatever reason', 'BatchedReads.#sendBatch', { hitsAnyRequest: '() => true' }],
    ['readers of a batch share an error', 'BatchedReads.#sendBatch', { copyOf: '(error) => error' }],
    ['batches are given up though GetItems time out', 'BatchedReads.#send', { isTimeout: '() => false' }],
    ['batches go on because of any failure of a GetItem', 'BatchedReads.#send', { isTimeout: '() => true' }],
    [
      'batches go on because of an earlier GetItem',
      'BatchedReads.#send',
      `return original().catch((error) => {
        if (isTimeout(error)) this.#doubt = Number.POSITIVE_INFINITY
        throw error
      })`,
    ],
    [
      'batches go on in spite of the rest when a GetItem times out',
      'BatchedReads.#send',
      `return original().catch((error) => {
        if (isTimeout(error)) this.#restsUntil = 0
        throw error
      })`,
    ],
    [
      'batches are given up because of an earlier GetItem',
      'BatchedReads.#send',
      `const item = await original()
      if (this.#doubt < Number.POSITIVE_INFINITY) this.#rest()
      return item`,
    ],
    [
      'a batch where the transport does not allow it',
      'BatchedReads.#mayBatch',
      'return this.#configuration.batchReads && this.#doubt > 1e9 && monotonic() >= this.#restsUntil',
    ],
    [
      'a batch in spite of batch_reads',
      'BatchedReads.#mayBatch',
      'this.#configuration = { ...this.#configuration, batchReads: true }',
    ],
    [
      'a batch contains readers that gave up',
      'BatchedReads.#giveUp',
      "return reader.reject(requestTimedOut('GetItem', this.#inputFor(reader.key), this.#configuration.requestTimeout))",
    ],
    ['a read that waits for a connection never gives up', 'BatchedReads.#endTurn', { setTimeout: '() => undefined' }],
    [
      'each read has a timer',
      'BatchedReads.#endTurn',
      `for (const reader of this.#thisTurn) reader.timer = setTimeout(this.#giveUp, reader.deadline - monotonic(), reader)`,
    ],
    [
      'a read ends by its deadline only before it is sent',
      'BatchedReads.#sendBatch',
      'for (const { timer } of readers) clearTimeout(timer)',
    ],
    ['a batch leaves timers', 'BatchedReads.#sendBatch', { clearTimeout: '() => undefined' }],
    ['a read that goes alone leaves its timer', 'BatchedReads.#sendAlone', { clearTimeout: '() => undefined' }],
    ['a read goes alone after its deadline', 'BatchedReads.#sendAlone', { monotonic: '() => 0' }],
    ['a batch ends by the earliest deadline', 'BatchedReads.#sendBatch', 'readers.at = () => readers[0]'],
    ['a GetItem has no deadline', 'BatchedReads.#send', 'deadline = undefined'],
    [
      'a GetItem after a batch has a new deadline',
      'BatchedReads.#send',
      'deadline = monotonic() + this.#configuration.requestTimeout',
    ],
    ['all waiting reads share one place in the queue', 'BatchedReads.#endTurn', { LARGEST_BATCH: '1e9' }],
    ['each waiting read has a place in the queue', 'BatchedReads.#endTurn', { LARGEST_BATCH: '1' }],
    ['places in the queue are not given back', 'BatchedReads.#start', 'this.#places += 1'],
  ],
  'runtime/dynamodb/item-check.ts': [
    ['a batch trusts keys that were not requested', 'batchProblem', { OTHER_ITEM: 'undefined' }],
    ['a batch trusts responses without the requested table', 'batchProblem', { Array: '{ isArray: () => true }' }],
  ],
  'runtime/dynamodb/error-facts.ts': [
    ['a batch that is throttled is read one by one', 'hitsAnyRequest', { isThrottling: '() => false' }],
    ['a batch without table is read one by one', 'hitsAnyRequest', { isAwsError: '() => false' }],
    ['every error is transient', 'isTransient', 'return true'],
    ['no error is transient', 'isTransient', 'return false'],
  ],
  'runtime/session/session-writer.ts': [
    [
      'every failed condition of a repeat counts as an own write',
      'isOurs',
      'return !result.written && result.repeated',
    ],
  ],
  'runtime/session/regenerate.ts': [
    [
      "a request's own forwarder counts as another request's",
      'SessionRegeneration.#forward',
      'return this.#writer.attempt(stored, this.#forwarder(keyOf(newId, this.#configuration), updated_at))',
    ],
    [
      'a deleted session lives on under its new id',
      'SessionRegeneration.#leave',
      'return (await original()) ?? created',
    ],
  ],
  'runtime/session/item/saves.ts': [
    ['a save does not look for its token', 'wasApplied', "token = ''"],
    ['a save with an unknown outcome counts as not applied', 'wasApplied', 'return original() ?? false'],
  ],
  'runtime/session/item/write-times.ts': [
    ['saves and touches keep the lock', 'touched', 'stored = { ...stored, token: undefined }'],
  ],
  'runtime/session/clear.ts': [['nothing follows in the index', 'deleteByKey', { successorOf: '() => undefined' }]],
  'runtime/session/sessions-by-value.ts': [
    [
      'nothing follows in a scan',
      'SessionsByValue.#followed',
      'return successorOf(seen) === undefined ? seen : undefined',
    ],
  ],
  'runtime/session/lock.ts': [
    [
      "unlocking frees another request's lock",
      'unlock',
      'await items.write(id, { locked_at: undefined }, { exists: true })\nreturn false',
    ],
  ],
  'runtime/session/session-repository.ts': [
    ['a session that has expired stays locked', 'SessionRepository.findForChange', { unlock: '() => undefined' }],
  ],
  'runtime/adapters/shared/session-store.ts': [
    [
      'a session that cannot be read counts as none',
      'SessionStore.#load',
      `const loaded = await original()
      return loaded.session?.unread ? { kind: 'none' } : loaded`,
    ],
    [
      'a session that cannot be read may be saved',
      'SessionStore.#load',
      `const loaded = await original()
      return loaded.session?.unread ? { ...loaded, session: this.start() } : loaded`,
    ],
    [
      'errors are raised and reported',
      'SessionStore.survive',
      `this.#handle(error, operation, id)
      throw error`,
    ],
    ['errors are neither raised nor reported', 'SessionStore.survive', 'return'],
    ['a failure in the background is not reported', 'SessionStore.report', 'throw error'],
  ],
  'runtime/adapters/shared/callback.ts': [
    [
      'callbacks are called twice',
      'toCallback',
      `const given = callback
      callback &&= (...result) => { given(...result); given(...result) }`,
    ],
    ['a callback leaves the rejection unhandled', 'toCallback', 'if (callback) promise.then()'],
  ],
}

/** All breakages. */
export const BREAKAGES = Object.entries(BY_FILE).flatMap(([file, breakages]) =>
  breakages.map(([what, place, change]) => ({ file, what, place, change })),
)
