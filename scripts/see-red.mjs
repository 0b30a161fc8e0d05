// Shows that the tests of the session runtime under faults can fail. Breaks a copy of the sources on purpose, once for
// each entry of BREAKAGES, and lists which tests go red. Ends with exit code 1 when a test never went red. Takes about
// half an hour: node scripts/see-red.mjs [texts in the names of the breakages to try]
// Only some of the tests: SEE_RED_TESTS="faults batched-reads" node scripts/see-red.mjs

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const TESTS = (process.env.SEE_RED_TESTS ?? 'faults store-faults lost-answers batched-reads forwarder regenerate')
  .split(' ')
  .map((name) => `session/${name}.test.ts`)

const ITEMS = 'runtime/session/requests/session-items.ts'
const CLEAR = 'runtime/session/clear.ts'
const READS = 'runtime/session/requests/batched-reads.ts'
const ITEM_CHECK = 'runtime/dynamodb/item-check.ts'
const FACTS = 'runtime/dynamodb/error-facts.ts'
const WRITER = 'runtime/session/session-writer.ts'
const REPOSITORY = 'runtime/session/session-repository.ts'
const REGENERATION = 'runtime/session/regenerate.ts'
const EXPRESSION = 'runtime/session/requests/expression.ts'
const SAVES = 'runtime/session/item/saves.ts'
const TOUCH = 'runtime/session/item/write-times.ts'
const INDEX = 'runtime/session/sessions-by-value.ts'
const LOCK = 'runtime/session/lock.ts'
const ERRORS = 'runtime/session/requests/errors.ts'
const SESSION_STORE = 'runtime/adapters/shared/session-store.ts'
const REQUEST_SESSION = 'runtime/adapters/shared/request-session.ts'

/** Name of the breakage, file, text of the source, and the text that replaces it. */
const BREAKAGES = [
  [
    'writes carry no condition',
    ITEMS,
    'ConditionExpression: expression.condition(condition),',
    'ConditionExpression: undefined,',
  ],
  [
    'a failed write is swallowed',
    ITEMS,
    'throw storeError(error, this.#configuration)\n      const repeated',
    'return { written: true, item: undefined }\n      const repeated',
  ],
  [
    'a failed read is swallowed',
    ITEMS,
    '=> {\n    throw storeError(error, this.#configuration)\n  }',
    '=> ({}) as never',
  ],
  [
    'every request is sent again when it failed',
    ITEMS,
    "const { Attributes } = await this.#transport.send('UpdateItem', input)",
    "const { Attributes } = await this.#transport.send('UpdateItem', input).catch(() => this.#transport.send('UpdateItem', input))",
  ],
  [
    'a failed delete is swallowed',
    ITEMS,
    'throw storeError(error, this.#configuration)\n      // dynalite',
    'return undefined\n      // dynalite',
  ],
  [
    'every delete is sent again when it failed',
    ITEMS,
    "await this.#transport.send('DeleteItem', input)",
    "await this.#transport.send('DeleteItem', input).catch(() => this.#transport.send('DeleteItem', input))",
  ],
  [
    'every read is sent again when it failed',
    READS,
    "await this.#transport.send('GetItem', this.#inputFor(key), { deadline })",
    "await this.#transport.send('GetItem', this.#inputFor(key), { deadline }).catch(() => this.#transport.send('GetItem', this.#inputFor(key), { deadline }))",
  ],
  [
    'writes are not sent',
    ITEMS,
    "const { Attributes } = await this.#transport.send('UpdateItem', input)",
    'const { Attributes } = input as { Attributes?: Item }',
  ],
  ['deletes are not sent', ITEMS, "await this.#transport.send('DeleteItem', input)", ''],
  [
    'reads are not sent',
    READS,
    "const { Item } = await this.#transport.send('GetItem', this.#inputFor(key), { deadline })",
    'const Item = undefined',
  ],
  ['writes take a forwarder for a session', EXPRESSION, 'if (exists) parts.push(this.noForwarder())', ''],
  [
    'a logout does not follow a forwarder',
    ITEMS,
    'return successorOf(error.Item ?? (await this.#get(key, true)))',
    'return undefined',
  ],
  [
    'a logout deletes the forwarder',
    ITEMS,
    'ConditionExpression: expression.noForwarder(),',
    'ConditionExpression: undefined,',
  ],
  [
    'reads take a forwarder for a session',
    ITEMS,
    'const isForwarder = successorOf(item) !== undefined',
    'const isForwarder = false',
  ],
  ['scans give forwarders', ITEMS, 'FilterExpression: filter,', 'FilterExpression: undefined,'],
  [
    "a request's own forwarder counts as another request's",
    REGENERATION,
    "outcome.kind === 'deleted' && outcome.successor === ours",
    'false',
  ],
  ['an unknown outcome counts as a failure', REGENERATION, "if (found === ours) return { kind: 'saved', changes }", ''],
  [
    'a deleted session lives on under its new id',
    REGENERATION,
    'if (successor === undefined) await this.#items.delete(created.id)',
    'if (successor === undefined) return created',
  ],
  ['nothing follows in the index', CLEAR, 'key = successorOf(result.current)', 'key = undefined'],
  [
    'nothing follows in a scan',
    INDEX,
    'item = successor ? await this.#items.get(successor) : undefined',
    'item = undefined',
  ],
  ['a save does not look for its token', SAVES, 'if (stored.includes(token)) return true', ''],
  ['a save with an unknown outcome counts as not applied', SAVES, 'return undefined\n}', 'return false\n}'],
  ['all of a batch get the same item', READS, 'found.get(reader.key)', '[...found.values()][0]'],
  ['a batch remembers what it read', READS, 'byKey(answer.Resp', 'byKey((this.seen ??= answer).Resp'],
  [
    'a batch takes what was left for missing',
    READS,
    'if (left.has(reader.key)) this.#sendAlone(reader)\n        else ',
    '',
  ],
  ['readers of a batch share an item', READS, 'structuredClone(item)', 'item'],
  [
    'only the first reader of an item in a batch gets a result',
    READS,
    'else reader.resolve(',
    'else if (!given.has(item)) reader.resolve(',
  ],
  ['a batch has no limit', READS, 'LARGEST_BATCH = 25', 'LARGEST_BATCH = 1000'],
  ['a batch of one', READS, 'readers.length > 1', 'readers.length > 0'],
  ['readers of one item are no batch', READS, 'readers.length > 1', 'keys.size > 1'],
  ['a batch ends with the tick', READS, 'void setImmediate().then(this.#endTurn)', 'queueMicrotask(this.#endTurn)'],
  ['a batch that failed is tried again', READS, 'if (!isFinal) this.#rest()', ''],
  ['batches rest for less than a minute', READS, 'REST = 60_000', 'REST = 59_000'],
  ['batches are given up for ever', READS, 'REST = 60_000', 'REST = 1e9'],
  [
    'waiting reads are batched while batches rest',
    READS,
    'const mayBatch = this.#mayBatch()',
    'const mayBatch = this.#transport.mayMerge',
  ],
  ['a batch that times out is read one by one', READS, 'const isLate = isTimeout(error)', 'const isLate = false'],
  ['a batch that times out is tried again', READS, 'if (isLate) this.#doubt =', 'if (!error) this.#doubt ='],
  [
    'a batch that times out later is judged later',
    READS,
    'Math.min(this.#doubt, monotonic() + requestTimeout)',
    'monotonic() + requestTimeout',
  ],
  [
    'batches are given up though GetItems time out',
    READS,
    'if (deadline >= this.#doubt && isTimeout(error))',
    'if (!error)',
  ],
  [
    'batches go on because of any failure of a GetItem',
    READS,
    'if (deadline >= this.#doubt && isTimeout(error))',
    'if (deadline >= this.#doubt)',
  ],
  [
    'batches go on because of an earlier GetItem',
    READS,
    'if (deadline >= this.#doubt && isTimeout(error))',
    'if (isTimeout(error))',
  ],
  ['batches go on although a GetItem succeeds', READS, 'if (deadline >= this.#doubt) this.#rest()', ''],
  [
    'batches do not rest after a GetItem that succeeds',
    READS,
    'if (deadline >= this.#doubt) this.#rest()',
    'if (deadline >= this.#doubt) this.#doubt = Number.POSITIVE_INFINITY',
  ],
  [
    'batches are given up because of an earlier GetItem',
    READS,
    'if (deadline >= this.#doubt) this.#rest()',
    'if (this.#doubt < Number.POSITIVE_INFINITY) this.#rest()',
  ],
  [
    'batches go on in spite of the rest when a GetItem times out',
    READS,
    '// GetItem is not answered either, so batches are not at fault.',
    'if (isTimeout(error)) this.#restsUntil = 0',
  ],
  ['a batch trusts keys that were not requested', ITEM_CHECK, 'items.every(isRequested)', 'items'],
  [
    'a batch trusts items without key',
    ITEM_CHECK,
    'texts.has(textOf(item, names))',
    'texts.has(textOf(item, names)) || names.every((name) => item[name] === undefined)',
  ],
  [
    'a batch trusts responses without the requested table',
    ITEM_CHECK,
    "if (!Array.isArray(Responses[table]) && !isUnprocessed(table)) return 'it lacks a requested table'",
    '',
  ],
  ['a batch fails for whatever reason', READS, 'isLate || hitsAnyRequest(error)', 'true'],
  [
    'a batch that is throttled is read one by one',
    FACTS,
    'return isThrottling(error) || isAwsError',
    'return isAwsError',
  ],
  [
    'a batch without table is read one by one',
    FACTS,
    "isThrottling(error) || isAwsError(error, 'ResourceNotFoundException')",
    'isThrottling(error)',
  ],
  ['readers of a batch share an error', READS, 'reader.reject(copyOf(error))', 'reader.reject(error)'],
  ['an error of a batch lacks its stack', ERRORS, 'value: error.stack', 'value: undefined'],
  ['an error of a batch is no native one', ERRORS, '(new Error(), ', '({}, '],
  ['an error of a batch that cannot be copied hangs', ERRORS, 'return error // an', 'throw error // an'],
  [
    'a read that goes alone forgets its caller',
    READS,
    'context.runInAsyncScope(this.#send, this, key, deadline)',
    'this.#send(key, deadline)',
  ],
  [
    'a batch forgets its first caller',
    READS,
    'readers[0]?.context.runInAsyncScope(this.#sendBatch, this, readers)',
    'void this.#sendBatch(readers)',
  ],
  ['a batch where the transport may not merge', READS, ' && this.#transport.mayMerge', ''],
  ['a batch in spite of batch_reads', READS, 'this.#configuration.batchReads && ', ''],
  ['a batch reads eventually', READS, 'Keys, ConsistentRead: this.#consistent', 'Keys, ConsistentRead: false'],
  ['a batch reads consistently', READS, 'Keys, ConsistentRead: this.#consistent', 'Keys, ConsistentRead: true'],
  [
    'a read that goes alone reads eventually',
    READS,
    'S: key } }, ConsistentRead: this.#consistent',
    'S: key } }, ConsistentRead: false',
  ],
  [
    'a batch waits for fake timers',
    READS,
    'void setImmediate().then(this.#endTurn)',
    'void globalThis.setImmediate(this.#endTurn)',
  ],
  ['a batch ignores table_key', READS, '({ [tableKey]: { S: key } }))', '({ session_id: { S: key } }))'],
  ['a batch contains readers that gave up', READS, 'this.#waiting.delete(reader)\n    reader.reject', 'reader.reject'],
  [
    'a read that waits for a connection never gives up',
    READS,
    'if (this.#waiting.has(reader)) reader.timer',
    'if (!reader) reader.timer',
  ],
  ['each read has a timer', READS, 'if (this.#waiting.has(reader)) reader.timer', 'reader.timer'],
  [
    'a read ends by its deadline only before it is sent',
    READS,
    '      this.#waiting.delete(reader)\n      readers.push',
    '      this.#waiting.delete(reader)\n      clearTimeout(reader.timer)\n      readers.push',
  ],
  ['a batch leaves timers', READS, 'for (const { timer } of readers) clearTimeout(timer)', ''],
  ['a read that goes alone leaves its timer', READS, 'clearTimeout(timer)\n    if', 'if'],
  ['a read goes alone after its deadline', READS, 'if (monotonic() < deadline) resolve', 'if (reader) resolve'],
  ['a batch ends by the earliest deadline', READS, 'readers.at(-1)', 'readers[0]'],
  ['a GetItem has no deadline', READS, 'this.#inputFor(key), { deadline })', 'this.#inputFor(key), {})'],
  [
    'a GetItem after a batch has a new deadline',
    READS,
    'context.runInAsyncScope(this.#send, this, key, deadline)',
    'context.runInAsyncScope(this.#send, this, key, monotonic() + this.#configuration.requestTimeout)',
  ],
  [
    'all waiting reads share one place in the queue',
    READS,
    'this.#places * LARGEST_BATCH < this.#waiting.size',
    'this.#places < Math.min(this.#waiting.size, 1)',
  ],
  ['each waiting read has a place in the queue', READS, 'this.#places * LARGEST_BATCH <', 'this.#places <'],
  ['places in the queue are not given back', READS, '    this.#places -= 1\n', ''],
  [
    'own writes are not recognised',
    WRITER,
    'return !result.written && result.repeated && result',
    'return !result.written && false && result',
  ],
  [
    'every failed condition of a repeat counts as an own write',
    WRITER,
    '&& result.current?.updated_at?.S === changes.updated_at?.S',
    '',
  ],
  [
    'an own create is not recognised',
    WRITER,
    'const ours = !result.written && result.repeated',
    'const ours = !result.written && false',
  ],
  [
    'every repeated create counts as an own one',
    WRITER,
    ' && result.current?.created_at?.S === changes.created_at?.S',
    '',
  ],
  [
    'an own lock is not recognised',
    LOCK,
    'if (repeated && current.locked_at?.S === token)',
    'if (!repeated && current.locked_at?.S === token)',
  ],
  [
    'every repeated lock counts as an own one',
    LOCK,
    'if (repeated && current.locked_at?.S === token)',
    'if (repeated)',
  ],
  ['saves and touches keep the lock', TOUCH, '...(stored.token && { locked_at: undefined }),', ''],
  [
    "unlocking frees another request's lock",
    LOCK,
    '{ exists: true, equals: { locked_at: { S: token } } }',
    '{ exists: true }',
  ],
  [
    'a session that has expired stays locked',
    REPOSITORY,
    'if (!found) await unlock(id, locked.token, this.#items)',
    '',
  ],
  ["errors are the SDK's", ERRORS, ': unknown {\n', ': unknown {\n  if (tableName) return error\n'],
  [
    'errors name the session',
    ITEMS,
    'throw storeError(error, this.#configuration)\n      const repeated',
    'throw Object.assign(storeError(error, this.#configuration) as Error, { id })\n      const repeated',
  ],
  ['every error is transient', FACTS, 'TRANSIENT_NAMES.includes(name) ||', 'true ||'],
  ['no error is transient', FACTS, 'return (\n    TRANSIENT_NAMES', 'return name === code && (\n    TRANSIENT_NAMES'],
  [
    'a session that cannot be read counts as none',
    SESSION_STORE,
    "return { kind: 'found', session: new RequestSession(this, { kind: 'unread' }, request), cookie: undefined }",
    'return NONE',
  ],
  [
    'a session that cannot be read may be saved',
    SESSION_STORE,
    "new RequestSession(this, { kind: 'unread' }, request)",
    "new RequestSession(this, { kind: 'new' })",
  ],
  [
    'errors are raised and reported',
    SESSION_STORE,
    'if (this.configuration.raiseErrors || !isTransient(error)) throw error\n    this.#handle(error, operation, id)',
    'this.#handle(error, operation, id)\n    throw error',
  ],
  [
    'errors are neither raised nor reported',
    SESSION_STORE,
    'if (this.configuration.raiseErrors || !isTransient(error)) throw error\n    this.#handle(error, operation, id)',
    '',
  ],
  [
    'callbacks are called twice',
    'runtime/adapters/shared/callback.ts',
    '(error) => process.nextTick(callback, error)',
    '(error) => {\n      process.nextTick(callback, error)\n      process.nextTick(callback, error)\n    }',
  ],
  [
    'callbacks are called twice after a success',
    'runtime/adapters/shared/callback.ts',
    '(value) => process.nextTick(callback, null, value)',
    '(value) => {\n      process.nextTick(callback, null, value)\n      process.nextTick(callback, null, value)\n    }',
  ],
  [
    'a callback leaves the rejection unhandled',
    'runtime/adapters/shared/callback.ts',
    '(error) => process.nextTick(callback, error),',
    '(error) => {\n      process.nextTick(callback, error)\n      throw error\n    },',
  ],
  [
    'an unlock that fails is not reported',
    REQUEST_SESSION,
    "this.#store.report(error, 'unlock', record.id)",
    'throw error',
  ],
]

const stale = BREAKAGES.filter(([, file, from]) => !readFileSync(file, 'utf8').includes(from))
if (stale.length > 0)
  throw new Error(`The sources do not contain the text of: ${stale.map(([what]) => what).join('; ')}`)

const words = process.argv.slice(2)
const chosen = BREAKAGES.filter(([what]) => words.length === 0 || words.some((word) => what.includes(word)))
const seenRed = new Map()
for (const [what, file, from, to] of [['nothing is broken', ITEMS, '', ''], ...chosen]) {
  const results = runBroken(file, from, to)
  const red = results.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName)
  for (const { fullName } of results) seenRed.set(fullName, seenRed.get(fullName) ?? [])
  for (const name of red) seenRed.get(name)?.push(what)
  if (process.env.SEE_RED_OUTPUT) {
    writeFileSync(process.env.SEE_RED_OUTPUT, JSON.stringify(Object.fromEntries(seenRed), null, 1))
  }
  console.log(`${what}: ${red.length} of ${results.length} red`)
  if (file === ITEMS && from === '' && red.length > 0)
    throw new Error(`red although nothing is broken:\n${red.join('\n')}`)
}
const green = [...seenRed].filter(([, breakages]) => breakages.length === 0).map(([name]) => name)
console.log(`\n${seenRed.size - green.length} of ${seenRed.size} tests were seen red.`)
if (green.length > 0) {
  console.error(['Never red:', ...green].join('\n  '))
  process.exitCode = 1
}

/** The results of the tests in a copy of the sources with one text replaced. */
function runBroken(file, from, to) {
  const folder = mkdtempSync(join(tmpdir(), 'see-red-'))
  try {
    for (const part of [
      'runtime',
      'generators',
      'templates',
      'test',
      'package.json',
      'tsconfig.json',
      'vitest.config.ts',
    ]) {
      cpSync(part, join(folder, part), { recursive: true })
    }
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'), 'junction')
    const path = join(folder, file)
    const source = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      source.replace(from, () => to),
    )
    const output = join(folder, 'results.json')
    const vitest = join('node_modules', 'vitest', 'vitest.mjs')
    const args = [
      vitest,
      'run',
      '--project',
      'unit',
      '--project',
      'integration',
      ...TESTS,
      '--reporter=json',
      `--outputFile=${output}`,
    ]
    spawnSync(process.execPath, args, { cwd: folder, stdio: 'ignore' })
    return JSON.parse(readFileSync(output, 'utf8')).testResults.flatMap(({ assertionResults }) => assertionResults)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
