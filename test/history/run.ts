import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DeleteItemCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { Agent } from 'undici'
import type { Options } from '../../runtime/configuration/options.js'
import { hashSessionId } from '../../runtime/session/item/session-id.js'
import { startDynamoDBLocal } from '../support/engines-start.js'
import { makeTable } from '../support/table.js'
import { Client } from './client.js'
import { groupsFor } from './groups.js'
import type { History, Operation, Seen, StoredItem } from './history.js'
import { type LateRequest, startHistoryProxy } from './proxy.js'
import { Random } from './random.js'
import { bundleServer, type ProcessLog, ServerProcess } from './server-process.js'
import { proxyBreakage, ratesOf, type Settings } from './settings.js'
import { makeTrouble } from './trouble.js'
import { KEYS } from './wire.js'
import { type Group, Pace, type World } from './world.js'

const TABLE = 'history'

/** Seconds. Short, so that sessions end by themselves often. */
const MAX_STALE = 6
const MAX_AGE = 40

export interface Run {
  readonly history: History
  readonly groups: readonly Group[]
  /** Seconds that clients worked. */
  readonly seconds: number
  readonly faults: Readonly<Record<string, number>>
  readonly troubles: Readonly<Record<string, number>>
  /** To DynamoDB, by operation. */
  readonly requests: Readonly<Record<string, number>>
  readonly notes: readonly string[]
  readonly late: readonly LateRequest[]
}

/** Lets clients work, and gives back what they were told. Everything that it starts has ended then. */
export async function run(
  settings: Settings,
  onProgress: (operations: number) => void = () => undefined,
): Promise<Run> {
  const random = new Random(settings.seed)
  const ending: (() => Promise<unknown>)[] = []
  try {
    const engine = await startEngine(settings, ending)
    const direct = clientOf(engine)
    ending.push(async () => direct.destroy())
    await makeTable(direct, TABLE)
    const proxy = await startHistoryProxy({
      target: engine,
      random: random.fork(),
      rates: ratesOf(settings),
      late: settings.late,
      breakage: proxyBreakage(settings),
    })
    ending.push(() => proxy.stop())
    const bundle = await bundleServer()
    ending.push(() => bundle.remove())
    const log: ProcessLog = { pauses: [], cleanings: [], conflicts: [], notes: [] }
    const servers = Array.from({ length: settings.processes }, (_, number) => {
      const skew = settings.without.has('skew') ? 0 : Math.round(random.between(-800, 800))
      return new ServerProcess(number, bundle.file, serverSettings(settings, proxy.endpoint, number), log, skew)
    })
    ending.push(() => Promise.all(servers.map((server) => server.kill())))
    await Promise.all(servers.map((server) => server.start()))
    const agent = new Agent({ connections: 64, pipelining: 1, headersTimeout: 60_000, bodyTimeout: 60_000 })
    ending.push(() => agent.destroy())

    const operations: Operation[] = []
    const began = performance.now()
    let isOver = false
    const over = () => {
      isOver ||= performance.now() - began > settings.minutes * 60_000 || operations.length >= settings.operations
      return isOver
    }
    const groups = groupsFor(settings)
    const { without } = settings
    const world: World = {
      groups,
      servers,
      agent,
      history: operations,
      without,
      maxStale: MAX_STALE * 1000,
      pace: new Pace(settings.clients),
      isOver: over,
    }
    const progress = setInterval(() => onProgress(operations.length), 5_000)
    ending.push(async () => clearInterval(progress))
    const rogue = settings.breakage === 'rogue-cleaner' ? deleteAtRandom(direct, random.fork(), over) : undefined
    const clients = Array.from({ length: settings.clients }, (_, number) => new Client(number, world, random.fork()))
    const [troubles] = await Promise.all([
      makeTrouble({ servers, proxy, random: random.fork(), without, isOver: over }),
      ...clients.map((client) => client.run()),
      rogue,
    ])
    const end = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 500)) // what servers do after their answers
    const table = await readTable(direct)
    return {
      history: {
        settings: { maxStale: MAX_STALE * 1000, maxAge: MAX_AGE * 1000 },
        operations,
        pauses: log.pauses,
        cleanings: log.cleanings,
        conflicts: log.conflicts,
        table,
        end,
      },
      groups,
      seconds: (end - began) / 1000,
      faults: proxy.counts,
      troubles,
      requests: proxy.requests,
      notes: log.notes,
      late: proxy.late,
    }
  } finally {
    for (const end of ending.reverse()) await end()
  }
}

async function startEngine({ engine }: Settings, ending: (() => Promise<unknown>)[]): Promise<string> {
  if (engine === 'local') {
    const local = await startDynamoDBLocal()
    if ('missing' in local) throw new Error(`DynamoDB Local can't be started: ${local.missing}`)
    ending.push(() => local.stop())
    return local.endpoint
  }
  const child: ChildProcess = fork(join(import.meta.dirname, 'dynalite.ts'), {
    execArgv: ['--no-warnings', '--import', 'tsx'],
  })
  ending.push(async () => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  })
  const [endpoint] = await once(child, 'message')
  return String(endpoint)
}

function serverSettings({ breakage }: Settings, endpoint: string, number: number) {
  const isExpiring = breakage !== 'no-expiry'
  const options: Options = {
    tableName: TABLE,
    endpoint,
    region: 'us-east-1',
    secretKey: 'a secret of thirty-two characters or more',
    maxStale: isExpiring ? MAX_STALE : 3600,
    maxAge: isExpiring ? MAX_AGE : 3600,
    lockExpiryTime: 1000,
    lockRetryDelay: 40,
    lockMaxWaitTime: 4,
    transport: number % 2 === 0 ? 'lean' : 'sdk',
    raiseErrors: number % 4 < 2,
  }
  return { options, ...(breakage === 'no-locking' && { locking: 'none' }) }
}

function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return new DynamoDBClient({ endpoint, region: 'us-east-1', credentials })
}

async function readTable(client: DynamoDBClient): Promise<StoredItem[]> {
  const items: StoredItem[] = []
  let ExclusiveStartKey: Record<string, never> | undefined
  do {
    const page = await client.send(new ScanCommand({ TableName: TABLE, ConsistentRead: true, ExclusiveStartKey }))
    for (const { session_id: id, data, successor } of page.Items ?? []) {
      const stored = successor ? undefined : seenIn(data?.S)
      items.push({ cookie: hashSessionId(id?.S ?? ''), data: stored })
    }
    ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey
  } while (ExclusiveStartKey)
  return items
}

function seenIn(json: string | undefined): Seen | undefined {
  const stored = JSON.parse(json ?? '{}')
  if (stored.label === undefined) return undefined
  const { user, label, counter = 0, register } = stored
  const changes = Object.fromEntries(KEYS.filter((key) => stored[key] !== undefined).map((key) => [key, stored[key]]))
  return { user, label, counter, register, changes }
}

/** Deletes sessions that are alive: a breakage. */
async function deleteAtRandom(client: DynamoDBClient, random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    const { Items = [] } = await client.send(new ScanCommand({ TableName: TABLE, Limit: 500 }))
    const key = Items.length > 0 ? random.pick(Items).session_id : undefined
    if (key) await client.send(new DeleteItemCommand({ TableName: TABLE, Key: { session_id: key } }))
  }
}
