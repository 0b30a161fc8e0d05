import { createServer, type IncomingMessage, request } from 'node:http'
import type { Policy } from '../../runtime/table/policy.js'
import { listen, stop } from './adapters/listen.js'

// biome-ignore lint/suspicious/noExplicitAny: the inputs of all operations
type Input = any

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.0' }

/** Records the permissions that requests need, and passes the requests on. */
export interface PermissionRecorder {
  readonly endpoint: string
  /** `dynamodb:GetItem table/sessions` for each permission, sorted, each once. */
  readonly permissions: readonly string[]
  reset(): void
  stop(): Promise<void>
}

/**
 * @param target the endpoint that gets a request
 * @param answer answers an operation that the endpoint lacks; undefined: the endpoint answers
 */
export async function startPermissionRecorder(
  target: (operation: string, input: Input) => string,
  answer: (operation: string, input: Input) => object | undefined = () => undefined,
): Promise<PermissionRecorder> {
  const seen = new Set<string>()
  const server = createServer(async (incoming, outgoing) => {
    const [service = '', operation = ''] = String(incoming.headers['x-amz-target']).split('.')
    const body = await read(incoming)
    const input = JSON.parse(body)
    for (const permission of permissionsOf(service, operation, input)) seen.add(permission)
    const own = answer(operation, input)
    if (own !== undefined) {
      outgoing.writeHead(200, JSON_TYPE)
      return void outgoing.end(JSON.stringify(own))
    }
    const { host: _, 'content-length': __, ...headers } = incoming.headers
    const onward = request(target(operation, input), { method: 'POST', headers, agent: false }, async (response) => {
      const text = await read(response)
      outgoing.writeHead(response.statusCode ?? 502, JSON_TYPE)
      outgoing.end(text)
    })
    onward.once('error', () => outgoing.destroy())
    onward.end(JSON.stringify(onEmulator(operation, input)))
  })
  const endpoint = `http://127.0.0.1:${await listen(server)}`
  return {
    endpoint,
    get permissions() {
      return [...seen].sort()
    },
    reset: () => seen.clear(),
    stop: () => stop(server),
  }
}

/** The same list of what a policy allows. */
export function permissionsIn({ Statement }: Policy): string[] {
  const all = Statement.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) => [Resource].flat().map((arn) => `${action} ${nameIn(arn)}`)),
  )
  return [...new Set(all)].sort()
}

/** `table/sessions` of an ARN. */
function nameIn(arn: string): string {
  return arn.split(':').slice(5).join(':')
}

function permissionsOf(service: string, operation: string, input: Input): string[] {
  if (service === 'TrentService') return [`kms:${operation} key/*`]
  if (operation === 'BatchExecuteStatement') {
    return input.Statements.map(({ Statement }: { Statement: string }) => {
      const [, verb = '', table] = /^(\w+) FROM "(.+?)"/.exec(Statement) ?? []
      return `dynamodb:PartiQL${verb.charAt(0)}${verb.slice(1).toLowerCase()} table/${table}`
    })
  }
  const named = input.ResourceArn
    ? nameIn(input.ResourceArn)
    : `table/${input.TableName ?? Object.keys(input.RequestItems ?? {}).join()}`
  const resource = input.IndexName ? `${named}/index/${input.IndexName}` : named
  // To create a table with tags, a role needs both ("Tagging resources in DynamoDB", Developer Guide).
  const tagging = operation === 'CreateTable' && input.Tags ? [`dynamodb:TagResource ${resource}`] : []
  return [`dynamodb:${operation} ${resource}`, ...tagging]
}

/** dynalite refuses parameters of CreateTable that it does not know. Only the migrations table is created there. */
function onEmulator(operation: string, input: Input): Input {
  if (operation !== 'CreateTable' || !input.TableName.endsWith('_migrations')) return input
  const { Tags: _, SSESpecification: __, ...known } = input
  return known
}

async function read(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
