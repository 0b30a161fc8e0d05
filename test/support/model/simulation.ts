import { type DynamoDBClient, InternalServerError, ThrottlingException } from '@aws-sdk/client-dynamodb'
import type { Operation, Operations } from '../../../runtime/dynamodb/operations.js'
import type { Choices } from './choices.js'
import { letSleep } from './virtual-time.js'

/** What carries out requests: the model at once, an engine in a round trip. */
export interface Backend {
  execute<O extends Operation>(
    operation: O,
    input: Operations[O]['input'],
  ): Operations[O]['output'] | Promise<Operations[O]['output']>
}

/** Requests are sent three times at most, as the SDK does. */
const MOST_ATTEMPTS = 3

/** A run of more steps than this does not end. */
const MOST_STEPS = 3000

interface Step {
  readonly label: string
  readonly run: () => void | Promise<void>
}

interface Request {
  readonly label: string
  readonly operation: Operation
  readonly input: object
  readonly resolve: (output: unknown) => void
  readonly reject: (error: unknown) => void
  attempts: number
  /** An attempt got no answer: what the request did is not known. */
  isLost: boolean
}

export interface SimulationSettings {
  readonly choices: Choices
  readonly backend: Backend
  /** How many of 100 attempts fail. */
  readonly faultRate?: number
  /** Whether an attempt without an answer may also be carried out later, after its repeat. */
  readonly late?: boolean
  /** How many turns of the event loop without anything new mean that everybody waits for the next step. */
  readonly turns?: number
  /** Called after every step. */
  readonly onStep?: () => void
  /** A readable form of ids for the schedule. */
  readonly nameOf?: (key: string) => string
}

/**
 * Lets several parties work beside each other in one process, one step at a time: a turn of a party, carrying out a
 * request, handing over its answer, waking up. The choices say which step comes next and what becomes of each request.
 * The clock stands still but for the steps.
 */
export class Simulation {
  /** What happened, in words. */
  readonly schedule: string[] = []
  /** Writes of which the sender was never told whether they were carried out. */
  unknownWrites = 0
  /** Requests that failed at every attempt, these writes among them. */
  failedRequests = 0
  /** Attempts that were carried out after their repeats: a create may come after the delete of what it creates. */
  lateRequests = 0
  readonly #settings: SimulationSettings
  readonly #choices: Choices
  readonly #ready: Step[] = []
  readonly #failures: unknown[] = []
  #running = 0
  #activity = 0
  #elapsed = 0

  constructor(settings: SimulationSettings) {
    this.#settings = settings
    this.#choices = settings.choices
  }

  /** A client of the SDK whose requests are steps; the options take it as it is. */
  client(party: string): DynamoDBClient {
    const send = (command: { constructor: { name: string }; input: object }) => {
      const operation = command.constructor.name.replace(/Command$/, '') as Operation
      return new Promise((resolve, reject) => {
        const label = `${party} ${operation} ${this.#describe(command.input)}`
        this.#request({ label, operation, input: command.input, resolve, reject, attempts: 1, isLost: false })
      })
    }
    return { send, config: {}, destroy: () => undefined } as unknown as DynamoDBClient
  }

  /** Begins the work of a party; an error of it fails the run. */
  start(work: () => Promise<void>): void {
    this.#running += 1
    const done = () => {
      this.#running -= 1
      this.#activity += 1
    }
    work().then(done, (error) => {
      this.#failures.push(error)
      done()
    })
  }

  /** Waits until the party is the next to go on. */
  turn(label: string): Promise<void> {
    return new Promise((resolve) => this.#enqueue({ label, run: resolve }))
  }

  /** Something worth reading in the schedule. */
  note(text: string): void {
    this.schedule.push(`    ${text}`)
  }

  /** Goes on until all parties are done and nothing is under way. */
  async run(): Promise<void> {
    const restore = this.#installTime()
    try {
      for (;;) {
        await this.#quiet()
        if (this.#ready.length === 0) {
          if (this.#running === 0) break
          throw new Error(`nobody can go on:\n${this.schedule.join('\n')}`)
        }
        await this.#step()
      }
      if (this.#failures.length > 0) throw this.#failures[0]
    } finally {
      restore()
    }
  }

  async #step(): Promise<void> {
    const [step] = this.#ready.splice(this.#choices.below(this.#ready.length), 1)
    this.#elapsed += 1
    if (step) this.schedule.push(step.label)
    if (this.schedule.length > MOST_STEPS)
      throw new Error(`it does not end:\n${this.schedule.slice(0, 200).join('\n')}`)
    await step?.run()
    this.#settings.onStep?.()
  }

  #enqueue(step: Step): void {
    this.#activity += 1
    this.#ready.push(step)
  }

  #request(request: Request): void {
    const attempt = request.attempts > 1 ? `, attempt ${request.attempts}` : ''
    this.#enqueue({ label: `${request.label}${attempt}`, run: () => this.#carryOut(request) })
  }

  async #carryOut(request: Request): Promise<void> {
    const { faultRate = 0, late = false } = this.#settings
    const isFault = faultRate > 0 && this.#choices.below(100) >= 100 - faultRate
    const fault = isFault ? this.#choices.of(['after', 'before', 'throttled', ...(late ? ['late'] : [])]) : 'none'
    if (fault === 'none') return this.#answer(request)
    this.note(fault === 'throttled' ? 'throttled' : `no answer, ${NOT_ANSWERED[fault]}`)
    if (fault === 'after') await this.#settled(request)
    if (fault === 'late') {
      this.lateRequests += 1
      this.#enqueue({ label: `${request.label}, late`, run: () => this.#settled(request).then(() => undefined) })
    }
    if (fault !== 'throttled') request.isLost = true
    request.attempts += 1
    if (request.attempts <= MOST_ATTEMPTS) this.#request(request)
    else this.#giveUp(request, fault === 'throttled')
  }

  async #answer(request: Request): Promise<void> {
    const { output, error } = await this.#settled(request)
    const deliver = () => (error === undefined ? request.resolve(output) : request.reject(error))
    // Most answers come at once, so that there are not twice as many steps.
    if (this.#choices.below(4) < 3) deliver()
    else this.#enqueue({ label: `answer to ${request.label}`, run: deliver })
  }

  async #settled({ operation, input, attempts }: Request): Promise<{ output?: unknown; error?: unknown }> {
    try {
      return { output: await this.#settings.backend.execute(operation, input as never) }
    } catch (error) {
      if (error instanceof Error) Object.assign(error, { $metadata: { ...metadataOf(error), attempts } })
      this.note(error instanceof Error ? error.name : String(error))
      return { error }
    }
  }

  #giveUp({ operation, isLost, reject }: Request, isThrottled: boolean): void {
    const isWrite = ['UpdateItem', 'DeleteItem', 'PutItem'].includes(operation)
    if (isLost && isWrite) this.unknownWrites += 1
    this.failedRequests += 1
    this.note(`gives up${isLost && isWrite ? ', outcome unknown' : ''}`)
    const $metadata = { attempts: MOST_ATTEMPTS, httpStatusCode: isThrottled ? 400 : 500 }
    const text = { message: 'made by the simulation', $metadata }
    reject(isThrottled ? new ThrottlingException(text) : new InternalServerError(text))
  }

  async #quiet(): Promise<void> {
    const { turns = 1 } = this.#settings
    for (let still = 0, waited = 0; still < turns || (this.#ready.length === 0 && this.#running > 0); waited += 1) {
      const before = this.#activity
      // What is not done after many turns waits for something outside, such as a thread of zlib.
      if (waited < 100) await new Promise((resolve) => setImmediate(resolve))
      else await new Promise((resolve) => setTimeout(resolve, 1))
      if (waited > 2000) return
      still = this.#activity === before ? still + 1 : 0
    }
  }

  #describe(input: object): string {
    const {
      Key,
      ConditionExpression,
      ExpressionAttributeNames = {},
      UpdateExpression,
    } = input as Partial<Operations['UpdateItem']['input']>
    const key = Object.values(Key ?? {})[0]?.S ?? ''
    const named = (text: string) => text.replaceAll(/#\w+/g, (name) => ExpressionAttributeNames[name] ?? name)
    const condition = ConditionExpression ? ` if ${named(ConditionExpression)}` : ''
    const update = UpdateExpression ? ` ${named(UpdateExpression)}` : ''
    return `${this.#settings.nameOf?.(key) ?? key}${update}${condition}`
  }

  #installTime(): () => void {
    const [date, now] = [Date.now, performance.now]
    const [wall, monotonic] = [Date.now(), performance.now()]
    Date.now = () => wall + this.#elapsed
    performance.now = () => monotonic + this.#elapsed
    const wakeUp = letSleep(() => {
      return new Promise((resolve) => {
        const run = () => {
          this.#elapsed += this.#choices.of([10, 50, 200, 800])
          resolve()
        }
        this.#enqueue({ label: 'wakes up', run })
      })
    })
    return () => {
      Date.now = date
      performance.now = now
      wakeUp()
    }
  }
}

const NOT_ANSWERED: Readonly<Record<string, string>> = {
  after: 'but carried out',
  before: 'and not carried out',
  late: 'and carried out later',
}

function metadataOf(error: Error): object {
  return '$metadata' in error && typeof error.$metadata === 'object' ? { ...error.$metadata } : {}
}
