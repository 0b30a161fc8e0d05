import { type Channel, type ChannelListener, channel } from 'node:diagnostics_channel'
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { envName } from '../../../runtime/configuration/option-table.js'
import { DynamoSessionStore } from '../../../runtime/express.js'
import { hashSessionId } from '../../../runtime/session/item/session-id.js'
import { environmentOf } from '../../support/aws-environment.js'
import { anyEngine, uniqueTableName } from '../../support/engines.js'
import { currentFolderWith } from '../../support/folder.js'
import { importSnippet } from '../../support/snippets.js'
import { makeTable, writeItem } from '../../support/table.js'

const ID = 'the-id-of-ada'
const HASH = hashSessionId(ID)
const EXPIRED = '{"originalMaxAge":1000,"expires":"2020-01-01T00:00:00.000Z"}'

interface Program {
  readonly store: DynamoSessionStore
  readonly stop: () => void
}

const program = (name: string) => importSnippet<Program>(`observability/${name}.mjs`)

/** Runs a program that subscribes to channels, and unsubscribes its listeners at the end of the test. */
async function subscribing(channels: readonly Channel[], run: () => Promise<unknown>): Promise<void> {
  const listeners = channels.map((each) => {
    const heard: ChannelListener[] = []
    Object.assign(each, { subscribe: (listener: ChannelListener) => heard.push(listener) })
    return heard
  })
  await run()
  for (const [index, each] of channels.entries()) {
    Reflect.deleteProperty(each, 'subscribe')
    for (const listener of listeners[index] ?? []) {
      each.subscribe(listener)
      onTestFinished(() => void each.unsubscribe(listener))
    }
  }
}

describe('a program of docs/observability.md', () => {
  const engine = anyEngine()
  const tableName = uniqueTableName()
  const client = engine.client()
  beforeAll(() => makeTable(client, tableName))

  const store = () => {
    const made = new DynamoSessionStore({ client, tableName })
    onTestFinished(() => made.close())
    return made
  }

  it('logs loads, and reads that failed', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue()
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    const channels = ['tracing:dynamo-session-store:load:asyncEnd', 'dynamo-session-store:unread'].map(channel)
    await subscribing(channels, () => program('channels'))
    onTestFinished(() => void vi.restoreAllMocks())
    await store().get(ID)
    expect(log.mock.calls).toEqual([['express', 'none', HASH, 1, expect.any(Number)]])
    channels[1]?.publish({ sessionIdHash: HASH, error: { name: 'TimeoutError' } })
    expect(warn.mock.calls).toEqual([[HASH, 'TimeoutError']])
  })

  it('makes spans', async () => {
    const exporter = new InMemorySpanExporter()
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
    onTestFinished(() => trace.disable())
    const { stop } = await program('opentelemetry')
    onTestFinished(stop)
    await store().get(ID)
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([`GetItem ${tableName}`, 'dynamo_session.load'])
  })

  it('audits sessions that expired, or got another id', async () => {
    currentFolderWith({})
    environmentOf(engine, { [envName('tableName')]: tableName })
    const log = vi.spyOn(console, 'log').mockReturnValue()
    onTestFinished(() => log.mockRestore())
    const { store: audited } = await program('events')
    onTestFinished(() => audited.close())
    await writeItem(client, tableName, { session_id: { S: ID }, data: { S: '{}' }, cookie: { S: EXPIRED } })
    await audited.get(ID)
    audited.emit('update', { sessionIdHash: 'new', previousSessionIdHash: 'old' })
    audited.emit('update', { sessionIdHash: 'new' })
    expect(log.mock.calls).toEqual([
      ['a session has expired', HASH],
      ['a session got another id', 'old', 'new'],
    ])
  })
})
