import { parseArgs } from 'node:util'
import { PROXY_BREAKAGES, type ProxyBreakage } from './breaker.js'
import { FAULTS, type FaultName } from './proxy.js'

/** What can be left out of a run. */
export const TROUBLES = [...FAULTS, 'kill', 'stop', 'skew', 'clock', 'clean', 'regenerate', 'logout'] as const

/** Breaks a promise on purpose: the run must find it. */
export const BREAKAGES = [...PROXY_BREAKAGES, 'no-locking', 'no-expiry', 'rogue-cleaner'] as const
export type Breakage = (typeof BREAKAGES)[number]

export interface Settings {
  readonly seed: number
  /** The run ends with whichever comes first. */
  readonly minutes: number
  readonly operations: number
  readonly engine: 'dynalite' | 'local'
  readonly clients: number
  readonly processes: number
  /** Words that a group's name must contain one of; none: all groups. */
  readonly groups: readonly string[]
  readonly without: ReadonlySet<string>
  /** Whether requests are carried out that their server has given up. */
  readonly late: boolean
  readonly breakage: Breakage | undefined
  /** A file for the whole log, one JSON a line. */
  readonly log: string | undefined
  readonly quiet: boolean
}

export const HELP = `npm run check:history -- [options]

Lets clients use sessions on servers of every adapter while requests, servers and clocks fail, and looks for broken
promises in what they were told. Exit code 1: one was broken.

  --seed N             of the clients' choices and of the faults (default: random, printed)
  --minutes N          how long, at most (default 1)
  --operations N       how many requests of clients, at most
  --engine NAME        dynalite (default) or local (DynamoDB Local, needs Java)
  --clients N          users at a time (default 40)
  --processes N        server processes (default 4), half of them with transport sdk
  --groups A,B         only groups whose name has one of these words: fastify, koa/optimistic, pessimistic …
  --without A,B        leaves out: ${TROUBLES.join(', ')}
  --late               also carries out requests that their server has given up and repeated (not promised)
  --break NAME         breaks a promise on purpose: ${BREAKAGES.join(', ')}
  --log FILE           writes what every client was told, one JSON a line
`

/** @throws {Error} with what is wrong, for the user */
export function settingsFrom(args: readonly string[]): Settings | 'help' {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h' },
      seed: text,
      minutes: text,
      operations: text,
      engine: text,
      clients: text,
      processes: text,
      groups: text,
      without: text,
      late: { type: 'boolean' },
      break: text,
      log: text,
      quiet: { type: 'boolean' },
    },
  })
  if (values.help) return 'help'
  return {
    seed: number('seed', values.seed, Math.floor(Math.random() * 2 ** 31)),
    minutes: number('minutes', values.minutes, values.operations === undefined ? 1 : 24 * 60),
    operations: number('operations', values.operations, Number.POSITIVE_INFINITY),
    engine: oneOf('engine', values.engine ?? 'dynalite', ['dynalite', 'local']),
    clients: number('clients', values.clients, 40),
    processes: number('processes', values.processes, 4),
    groups: words(values.groups),
    without: new Set(words(values.without).map((word) => oneOf('without', word, TROUBLES))),
    late: values.late ?? false,
    breakage: values.break === undefined ? undefined : oneOf('break', values.break, BREAKAGES),
    log: values.log,
    quiet: values.quiet ?? false,
  }
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(',').filter((word) => word !== '')
}

function number(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0)) throw new Error(`--${name} must be a number, not ${JSON.stringify(text)}`)
  return value
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  if (!(known as readonly string[]).includes(text))
    throw new Error(`--${name} must be one of ${known.join(', ')}, not ${JSON.stringify(text)}`)
  return text as T
}

/** How often a request between server and DynamoDB fails in which way, of 1. */
const RATES: Readonly<Record<FaultName, number>> = {
  delay: 0.02,
  throttle: 0.006,
  before: 0.006,
  after: 0.012,
  reset: 0.006,
  garble: 0.01,
  extra: 0.006,
}

export function ratesOf({ without }: Settings): Partial<Record<FaultName, number>> {
  return Object.fromEntries(Object.entries(RATES).filter(([name]) => !without.has(name)))
}

export function proxyBreakage({ breakage }: Settings): ProxyBreakage | undefined {
  return (PROXY_BREAKAGES as readonly (string | undefined)[]).includes(breakage)
    ? (breakage as ProxyBreakage)
    : undefined
}
