// What the first read of a session takes in a process that has just begun, as in AWS Lambda or a new container: whole
// processes, from their start to the answer.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AWS } from '../support/environment.mjs'
import { field, interleaved } from '../support/measure.mjs'
import { startStub } from '../support/stub.mjs'

const PROGRAMS = join(import.meta.dirname, '../support/cold-start')
const PEER = 'connect-dynamodb'
const NOTE =
  'A process that imports /express, makes a store and reads one session; connect-dynamodb with express-session and the AWS ' +
  'SDK, by require, does the same. CPU time, user and system, and time are those of the whole process, which exits when the ' +
  'session is read. The endpoint (AWS_ENDPOINT_URL_DYNAMODB) answers at once; ' +
  'there are no AWS configuration files.'

/** Where credentials come from; most CPU of ours, compared with connect-dynamodb. */
const SETTINGS = {
  env: { title: 'keys in ENV', mostCpu: 0.75, mostMemory: 56 },
  container: { title: "a container's credentials", mostCpu: 1 },
  lambda: { title: "AWS Lambda's environment", mostCpu: 0.75 },
}
const STORES = { ours: 'ours.mjs', [PEER]: 'connect-dynamodb.cjs' }
/** Measured with keys in ENV. */
const OTHERS = {
  'ours, by require': 'ours.cjs',
  'node alone': 'node.cjs',
  'node, express-session': 'express-session.cjs',
}

export async function rows({ quick, log }) {
  const home = mkdtempSync(join(tmpdir(), 'dynamo-session-store-bench-home-'))
  const stub = await startStub()
  try {
    const found = []
    for (const [id, setting] of Object.entries(SETTINGS)) {
      log(setting.title)
      const env = { ...common(home, stub.endpoint), ...CREDENTIALS[id](stub.endpoint) }
      const programs = id === 'env' ? { ...STORES, ...OTHERS } : STORES
      const measures = Object.entries(programs).map(([who, program]) => [who, () => measure(program, env)])
      const results = await interleaved(quick ? 1 : 9, Object.fromEntries(measures), { warmUp: !quick })
      found.push(...rowsOf(id, setting, results))
    }
    return found
  } finally {
    await stub.close()
    rmSync(home, { recursive: true, force: true })
  }
}

/** Nothing of the environment of the bench: an application's home is empty. */
function common(home, endpoint) {
  const { PATH, SystemRoot } = process.env
  return {
    PATH,
    ...(SystemRoot && { SystemRoot }),
    HOME: home,
    USERPROFILE: home,
    NODE_ENV: 'production',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    AWS_REGION: AWS.region,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  }
}

const KEYS = {
  AWS_ACCESS_KEY_ID: AWS.credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: AWS.credentials.secretAccessKey,
}

/** "Defined runtime environment variables", AWS Lambda Developer Guide. */
const CREDENTIALS = {
  env: () => KEYS,
  container: (endpoint) => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/credentials` }),
  lambda: () => ({
    ...KEYS,
    AWS_SESSION_TOKEN: 'a session token of the bench'.repeat(12),
    AWS_DEFAULT_REGION: AWS.region,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x',
    AWS_LAMBDA_FUNCTION_NAME: 'bench',
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    _HANDLER: 'index.handler',
    _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
  }),
}

/** Threads work on after a process's own last look at its CPU time; its parent, the shell, knows the whole. */
const SHELL = ['bash', '-c', `TIMEFORMAT='CPU %3U %3S'; time "$@"`, 'bash']

/** Milliseconds of CPU and on the clock, megabytes. */
async function measure(program, env) {
  const node = [process.execPath, '-r', join(PROGRAMS, 'report.cjs'), join(PROGRAMS, program)]
  const [command, ...args] = process.platform === 'win32' ? node : [...SHELL, ...node]
  const start = performance.now()
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = ['', '']
  for (const [index, stream] of [child.stdout, child.stderr].entries()) {
    stream.setEncoding('utf8').on('data', (text) => {
      said[index] += text
    })
  }
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  const time = performance.now() - start
  if (code !== 0) throw new Error(`${program} did not read the session of the stub (exit code ${code})\n${said[1]}`)
  const { cpu, maxRSS } = JSON.parse(said[0])
  const [, user, system] = /^CPU ([\d.]+) ([\d.]+)$/m.exec(said[1]) ?? []
  return { time, cpu: user === undefined ? cpu / 1000 : (Number(user) + Number(system)) * 1000, memory: maxRSS / 1024 }
}

function rowsOf(id, { title, mostCpu, mostMemory }, results) {
  const row = (what, text, unit, more) => ({
    id: `cold-start-${id}-${what}`,
    group: 'Cold start: a process until its first session is read',
    title: `${title}: ${text}`,
    unit,
    values: field(results, what),
    ...more,
    note: NOTE,
  })
  return [
    row('cpu', 'CPU time', 'ms', { goal: { than: PEER, atMost: mostCpu } }),
    row('time', 'time', 'ms'),
    row('memory', 'peak resident set', 'MB', mostMemory && { goal: { atMost: mostMemory } }),
  ]
}
