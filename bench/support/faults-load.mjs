// A process with one store, whose operations begin at a fixed rate, whether or not earlier ones were answered, while the
// endpoint has a fault for part of the time. Arguments: the fault, and a plan as JSON. Sends what it saw. Needs --expose-gc.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DynamoSessionStore } from '../../dist/runtime/express.js'
import { applicationEnvironment } from './environment.mjs'

const RATE = 300
/** More than a fault keeps waiting: no operation meets another of the same session. */
const SESSIONS = 6000
const MAX_AGE = 14 * 24 * 3600 * 1000
/** An operation is normal when it is answered without an error within so many milliseconds. */
const NORMAL = 500

const [, , fault, planned] = process.argv
const plan = JSON.parse(planned)
process.once('disconnect', () => process.exit())
let number = 0
let inFlight = 0

const stub = fork(join(import.meta.dirname, 'faulty-stub.mjs'))
Object.assign(process.env, applicationEnvironment(`http://127.0.0.1:${await answerOfStub()}`))
const store = new DynamoSessionStore({ tableName: 'ours', touchInterval: 0, errorHandler: { handle() {} } })
const users = await loadUsers()

await operate({ seconds: plan.warmUp, records: recordsFor(plan.warmUp) })
await drain(plan.drain)
const before = heap()

const seconds = plan.well + plan.fault + plan.recovery
const records = recordsFor(seconds)
const changes = [switchAt(plan.well, fault), switchAt(plan.well + plan.fault, 'well')]
await operate({ seconds, records })
const [begun, over] = await Promise.all(changes)
await drain(plan.drain)
process.send(seen(), () => process.exit())

function seen() {
  const after = heap()
  const all = Array.from({ length: records.count }, (_, index) => ({
    begin: records.begin[index],
    time: (records.end[index] || performance.now()) - records.begin[index],
    failed: records.failed[index] === 1 || records.end[index] === 0,
  }))
  const during = all.filter(({ begin }) => begin >= begun && begin < over)
  const notNormal = all.filter(({ begin, time, failed }) => begin >= over && (failed || time > NORMAL))
  return {
    longest: Math.max(...all.map(({ time }) => time)) / 1000,
    inFlight: records.most,
    heap: (after - before) / 1e6,
    normal: Math.max(0, ...notNormal.map(({ begin }) => begin - over)) / 1000,
    failed: (100 * during.filter(({ failed }) => failed).length) / during.length,
  }
}

/** Numbers in arrays that are there from the beginning, so that the heap does not grow with them. */
function recordsFor(seconds) {
  const size = Math.ceil(seconds * RATE) + 1
  return {
    begin: new Float64Array(size),
    end: new Float64Array(size),
    failed: new Uint8Array(size),
    count: 0,
    most: 0,
  }
}

async function operate({ seconds, records }) {
  const start = performance.now()
  const total = Math.floor(seconds * RATE)
  while (records.count < total) {
    const due = Math.min(total, Math.floor(((performance.now() - start) * RATE) / 1000))
    while (records.count < due) begin(records)
    await sleep(5)
  }
}

function begin(records) {
  const index = records.count
  const user = users[number % SESSIONS]
  const operation = ['get', 'touch', 'set'][number % 3]
  number += 1
  records.count += 1
  inFlight += 1
  records.most = Math.max(records.most, inFlight)
  records.begin[index] = performance.now()
  user[operation]((error, session) => {
    inFlight -= 1
    records.end[index] = performance.now()
    const isLost = operation === 'get' && session?.user_id !== 4711
    records.failed[index] = error || isLost ? 1 : 0
  })
}

async function loadUsers() {
  const users = []
  let next = 0
  const worker = async () => {
    while (next < SESSIONS) {
      const index = next
      next += 1
      users[index] = await userOf(index)
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  return users
}

async function userOf(index) {
  const id = `4f6c1c6ad9f54d0b9d5c9f4b${String(index).padStart(8, '0')}`
  const loaded = await store.get(id)
  const own = store.createSession({ sessionID: id }, loaded)
  own.cookie.maxAge = MAX_AGE
  return {
    get: (done) => store.get(id, done),
    touch: (done) => store.touch(id, own, done),
    set(done) {
      own.changes = (own.changes ?? 0) + 1
      store.set(id, own, done)
    },
  }
}

/** Until everything is answered, or for so many seconds. */
async function drain(seconds) {
  const end = performance.now() + seconds * 1000
  while (inFlight > 0 && performance.now() < end) await sleep(20)
  await sleep(500)
}

/** @returns when the endpoint changed, as performance.now() */
async function switchAt(seconds, mode) {
  await sleep(seconds * 1000)
  stub.send(mode)
  await answerOfStub()
  return performance.now()
}

function answerOfStub() {
  return new Promise((resolve, reject) => {
    stub.once('message', resolve)
    stub.once('exit', (code) => reject(new Error(`the stub ended with exit code ${code}`)))
  })
}

function heap() {
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
