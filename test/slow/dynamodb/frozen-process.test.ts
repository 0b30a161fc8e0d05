import { fork } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { sendJson, startStub } from '../../support/dynamodb-stub.js'

const WORKER = join(import.meta.dirname, '../../support/clock-worker.ts')

/** As long as a round trip may take, and a little more. */
const FROZEN = 2500

/** What a process makes of three answers that are dated ten minutes ago when it reads them. */
async function readsOldAnswers(transport: string, frozen: number): Promise<string[]> {
  const stub = await startStub()
  onTestFinished(() => stub.stop())
  const worker = fork(WORKER, [stub.endpoint, transport], { execArgv: ['--no-warnings', '--import', 'tsx'] })
  onTestFinished(() => void worker.kill('SIGKILL'))
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  stub.answer(async (_, response, count) => {
    if (count > 1) await released
    const age = count > 1 ? 600_000 : 0
    sendJson(response, {}, 200, { date: new Date(Date.now() - age).toUTCString() })
  })
  const told: string[] = []
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  worker.on('message', async (text: string) => {
    told.push(text)
    if (text !== 'asked') return
    while (stub.requests.length < 4) await sleep(10)
    if (frozen > 0) worker.kill('SIGSTOP')
    release()
    await sleep(frozen)
    worker.kill('SIGCONT')
  })
  await ended
  return told
}

it.skipIf(process.platform === 'win32').each(['lean', 'sdk'])(
  'a process that was stopped does not judge its clock by the old answers that it reads then (%s)',
  async (transport) => {
    const [stopped, awake] = [await readsOldAnswers(transport, FROZEN), await readsOldAnswers(transport, 0)]
    expect(stopped).toEqual(['asked', 'right'])
    expect(awake.toSorted()).toEqual(['asked', 'warned', 'wrong'])
  },
  60_000,
)
