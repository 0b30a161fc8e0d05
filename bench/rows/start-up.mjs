// What an application's start takes: importing an entry, making the first store, and a run of the generator. Every value
// is of a fresh process.
//
// Imports are measured in CPU time of the process around the import: it is work of one thread, and the time on the clock
// doubles as soon as the machine does something else. Generators are measured on the clock, as their user waits.
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { field, interleaved } from '../support/measure.mjs'

const ROOT = join(import.meta.dirname, '../..')
const SDK = '@aws-sdk/client-dynamodb'
const ALONE = 'AWS SDK alone'
const PEER = './bench/node_modules/connect-dynamodb'
/** Each entry, with what an application that uses it imports anyway: its framework's packages for sessions. */
const ENTRIES = {
  express: ['express-session'],
  fastify: ['@fastify/cookie', '@fastify/session'],
  koa: ['koa-session'],
  fetch: ['@remix-run/session'],
  hono: ['hono'],
  'node-http': ['node:http'],
  index: [],
}
const NAMES = Object.keys(ENTRIES)
const FRAMEWORK = "framework's own"

const run = promisify(execFile)

/** @returns {Promise<import('../support/measure.mjs').Row[]>} */
export async function rows({ quick = false, log = () => undefined } = {}) {
  log('imports')
  const imports = await interleaved(quick ? 1 : 9, measures(IMPORTS))
  log('generators')
  const generators = await measureGenerators(quick ? 1 : 9)
  return [...importRows(imports), firstStoreRow(imports), ...generatorRows(generators)]
}

const entry = (name) => (name === 'index' ? 'dynamo-session-store' : `dynamo-session-store/${name}`)
const imported = (...names) => ['module', names.map((name) => `await import('${name}')`).join('\n')]
const required = (...names) => ['commonjs', names.map((name) => `require('${name}')`).join('\n')]

/** Code for a fresh process, and the kind of module that it is. */
const IMPORTS = {
  'sdk-required': required(SDK),
  'sdk-and-session-required': required(SDK, 'express-session'),
  peer: required(PEER, 'express-session'),
  ...Object.fromEntries(NAMES.map((name) => [name, imported(...ENTRIES[name], entry(name))])),
  ...Object.fromEntries(NAMES.map((name) => [`${name}-framework`, imported(...ENTRIES[name])])),
  ...Object.fromEntries(NAMES.map((name) => [`${name}-required`, required(entry(name))])),
  'sdk-client': [
    'module',
    `const { DynamoDBClient } = await import('${SDK}')
     new DynamoDBClient({ region: 'eu-central-1' })`,
  ],
  'first-store': [
    'module',
    `const { DynamoSessionStore } = await import('dynamo-session-store/express')
     new DynamoSessionStore({ region: 'eu-central-1' })`,
  ],
  'peer-store': [
    'commonjs',
    `const { DynamoDBClient } = require('${SDK}')
     const Store = require('${PEER}')(require('express-session'))
     new Store({ client: new DynamoDBClient({ region: 'eu-central-1' }) })`,
  ],
}

function measures(codes) {
  return Object.fromEntries(
    Object.entries(codes).map(([name, [type, code]]) => [name, () => cpuOf(type, code, { cwd: ROOT })]),
  )
}

/** Milliseconds of CPU time, user and system, that the code takes in a process of its own. */
async function cpuOf(type, code, { cwd }) {
  const text = `const before = process.cpuUsage()
${code}
const { user, system } = process.cpuUsage(before)
process.stdout.write(String((user + system) / 1000), () => process.exit())`
  const { stdout } = await run(process.execPath, [`--input-type=${type}`, '--no-warnings', '-e', text], { cwd })
  return Number(stdout)
}

function importRows(values) {
  const unit = 'ms'
  const note = {
    express: 'require of /express takes express-session along, which the application loads anyway',
    fastify: 'require of /fastify takes @fastify/session and @fastify/cookie along',
    hono: 'with /hono, what sessions need is loaded when the middleware is made',
  }
  return NAMES.flatMap((name) => [
    {
      id: `import-${name}`,
      group: 'Start-up: import, CPU time',
      title: entry(name),
      unit,
      goal: { than: FRAMEWORK, atMostMore: 35 },
      values: { ours: values[name], [FRAMEWORK]: values[`${name}-framework`] },
      note:
        "Framework's own: import of what the application imports anyway for sessions (" +
        `${NAMES.flatMap((each) => ENTRIES[each]).join(', ')}). Ours: import of that, then of the entry.`,
    },
    {
      id: `require-${name}`,
      group: 'Start-up: require, CPU time',
      title: entry(name),
      unit,
      values: {
        ours: values[`${name}-required`],
        [ALONE]: values['sdk-required'],
        ...(name === 'express' && {
          'SDK and express-session': values['sdk-and-session-required'],
          'connect-dynamodb': values.peer,
        }),
      },
      ...(note[name] && { note: note[name] }),
    },
  ])
}

function firstStoreRow(values) {
  return {
    id: 'first-store',
    group: 'Start-up: import and first store, CPU time',
    title: 'dynamo-session-store/express',
    unit: 'ms',
    values: {
      ours: values['first-store'],
      'SDK and a client': values['sdk-client'],
      'connect-dynamodb': values['peer-store'],
    },
    note: 'connect-dynamodb is for require, which is cheaper than import',
  }
}

const PLOPFILES = {
  ours: `export default async function (plop, config) {
  await plop.load('dynamo-session-store', { force: config.force })
}
`,
  plop: `export default function (plop) {
  plop.setGenerator('empty', { prompts: [], actions: [] })
}
`,
}

/** An application for each, with plop and our package, but for the plopfile the same. */
async function measureGenerators(rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-bench-'))
  try {
    for (const [name, plopfile] of Object.entries(PLOPFILES)) makeApplication(join(folder, name), plopfile)
    return await interleaved(rounds, {
      ours: () => timeOfPlop(join(folder, 'ours'), ['session-config', '--force']),
      plop: () => timeOfPlop(join(folder, 'plop'), ['empty']),
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function makeApplication(folder, plopfile) {
  const modules = join(folder, 'node_modules')
  mkdirSync(modules, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }))
  writeFileSync(join(folder, 'plopfile.js'), plopfile)
  symlinkSync(ROOT, join(modules, 'dynamo-session-store'), 'junction')
  symlinkSync(join(ROOT, 'node_modules/plop'), join(modules, 'plop'), 'junction')
}

/** On the clock, and CPU time: milliseconds. */
async function timeOfPlop(cwd, args) {
  const start = performance.now()
  const plop = [join('node_modules', 'plop', 'bin', 'plop.js'), ...args]
  const { stderr } = await run(process.execPath, ['--import', REPORTING, ...plop], { cwd })
  const time = performance.now() - start
  return { time, cpu: Number(/CPU (\d+) µs/.exec(stderr)?.[1]) / 1000 }
}

const REPORTING = `data:text/javascript,${encodeURIComponent(`process.once('exit', () => {
  const { user, system } = process.cpuUsage()
  process._rawDebug(\`CPU \${user + system} µs\`)
})`)}`

function generatorRows(results) {
  const note = 'plop: a generator without prompts and actions'
  const shared = { group: 'Start-up: npx plop session-config', unit: 'ms', goal: { than: 'plop', atMost: 1.15 }, note }
  return [
    { ...shared, id: 'generator', title: 'time', values: field(results, 'time') },
    { ...shared, id: 'generator-cpu', title: 'CPU time', values: field(results, 'cpu') },
  ]
}
