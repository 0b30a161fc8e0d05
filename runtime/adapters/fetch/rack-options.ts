import { stringifySetCookie } from '#cookie'
import { didYouMean } from '../../configuration/did-you-mean.js'
import { OPTION_NAMES } from '../../configuration/option-table.js'
import type { Options } from '../../configuration/options.js'
import { resolveConfiguration } from '../../configuration/resolve.js'
import { ConfigurationError, type Problem } from '../../errors.js'

/**
 * What Rack calls the options of a session: of its cookie, and of what happens to it at the end of a request. They can
 * be set for all requests and be changed for one. `null` means *not set*.
 */
export interface SessionOptions {
  /** Path of the cookie. Default: `/`. */
  path?: string | null | undefined
  /** Domain of the cookie. Default: that of the request. */
  domain?: string | null | undefined
  /**
   * Seconds after which cookie and session end, counted from the last request: the cookie is sent with every answer.
   * Default: the cookie lives as long as the browser, the session as `max_stale` and `max_age` say.
   */
  expireAfter?: number | null | undefined
  /** Only over https: on other requests nothing is loaded, stored or sent. Default: false. */
  secure?: boolean | null | undefined
  /** Keep the cookie from scripts of the page. Default: true. */
  httponly?: boolean | null | undefined
  sameSite?: 'strict' | 'lax' | 'none' | null | undefined
  /** One cookie for each site that embeds this one; browsers want `secure` with it. Default: false. */
  partitioned?: boolean | null | undefined
  /** Store the session, but send no cookie. Default: false. */
  defer?: boolean | null | undefined
  /** Store nothing and send no cookie. Default: false. */
  skip?: boolean | null | undefined
  /** Give the session another id; its data stays, and the old id opens nothing any more. Default: false. */
  renew?: boolean | null | undefined
  /** Delete the session, and send no cookie. Default: false. */
  drop?: boolean | null | undefined
}

/** Options of a session manager: those of the package, and Rack's beside them. */
export interface ManagerOptions extends Options, SessionOptions {
  /** Name of the cookie. Default: `rack.session`. */
  readonly key?: string | null | undefined
  /** Take every request for one over https, because TLS ends before the application. Default: false. */
  readonly assumeSsl?: boolean | null | undefined
}

export interface SeparatedOptions {
  readonly key: string
  readonly assumeSsl: boolean
  readonly session: SessionOptions
  /** Those of the package. */
  readonly options: Options
}

/** The longest `expireAfter`, a hundred years. Seconds. */
const LONGEST = 3_155_760_000

/** Says why a value can't be that of the option. */
type Check = (value: unknown) => string | undefined

const CHECKS: Readonly<Record<string, Check>> = {
  key: inCookie((key) => stringifySetCookie(key, 'x'), 'the name of a cookie'),
  assumeSsl: isBoolean,
  path: inCookie((path) => stringifySetCookie('x', 'x', { path }), 'a path, as in /shop'),
  domain: inCookie((domain) => stringifySetCookie('x', 'x', { domain }), 'a domain, as in example.com'),
  expireAfter: (value) =>
    typeof value === 'number' && value > 0 && value <= LONGEST
      ? undefined
      : `must be a number of seconds, more than 0 and at most ${LONGEST}, not ${shown(value)}`,
  secure: isBoolean,
  httponly: isBoolean,
  sameSite: (value) =>
    ['strict', 'lax', 'none'].includes(value as string)
      ? undefined
      : `must be 'strict', 'lax' or 'none', not ${shown(value)}`,
  partitioned: isBoolean,
  defer: isBoolean,
  skip: isBoolean,
  renew: isBoolean,
  drop: isBoolean,
}

const NAMES = Object.keys(CHECKS)

/**
 * Tells Rack's options from those of the package, and checks them.
 *
 * @throws {ConfigurationError} with everything that is wrong with either
 */
export function separateOptions(given: ManagerOptions): SeparatedOptions {
  const { rack, others, problems } = split(given)
  try {
    const options = resolveConfiguration(others)
    if (problems.length === 0) {
      const { key, assumeSsl, ...session } = rack
      return { key: key ?? 'rack.session', assumeSsl: assumeSsl ?? false, session, options }
    }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    problems.push(...error.problems)
  }
  throw new ConfigurationError(problems)
}

/** @throws {ConfigurationError} when the options that a request has set can't be used */
export function assertSessionOptions(options: SessionOptions): void {
  const problems = Object.entries(options).flatMap(([name, value]) => problemsOf(name, value))
  if (problems.length > 0) throw new ConfigurationError(problems)
}

interface Split {
  readonly rack: Omit<ManagerOptions, keyof Options>
  readonly others: Options
  readonly problems: Problem[]
}

function split(given: ManagerOptions): Split {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    return { rack: {}, others: given, problems: [] }
  const rack: Record<string, unknown> = {}
  const others: Record<string, unknown> = {}
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(given)) {
    const isOurs = OPTION_NAMES.some((known) => known === name)
    const meant = isOurs ? '' : didYouMean(name.replaceAll('_', ''), NAMES)
    if (NAMES.includes(name)) {
      rack[name] = value ?? undefined
      problems.push(...problemsOf(name, value))
    } else if (meant) {
      problems.push({ place: `option ${name}`, text: `is not an option of the session manager${meant}` })
    } else {
      others[name] = value
    }
  }
  // What is a configuration already must stay the object that it is.
  const isRacks = Object.keys(rack).length > 0 || problems.length > 0
  return { rack, others: isRacks ? others : given, problems }
}

function problemsOf(name: string, value: unknown): Problem[] {
  if (value === undefined || value === null) return []
  const check = CHECKS[name]
  const text = check ? check(value) : `is not an option of a session${didYouMean(name, NAMES)}`
  return text === undefined ? [] : [{ place: `option ${name}`, text }]
}

/** @param attempt makes a cookie with it, which throws when that is not possible */
function inCookie(attempt: (text: string) => void, what: string): Check {
  return (value) => {
    const problem = `must be ${what}, not ${shown(value)}`
    if (typeof value !== 'string' || value === '') return problem
    try {
      attempt(value)
    } catch {
      return problem
    }
  }
}

function isBoolean(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : `must be true or false, not ${shown(value)}`
}

function shown(value: unknown): string {
  const text = typeof value === 'string' || Array.isArray(value) ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
