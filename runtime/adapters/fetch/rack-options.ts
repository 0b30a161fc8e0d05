import { stringifySetCookie } from '#cookie'
import { didYouMean } from '../../configuration/did-you-mean.js'
import { OPTION_NAMES } from '../../configuration/option-table.js'
import type { Options } from '../../configuration/options.js'
import { resolveConfiguration } from '../../configuration/resolve.js'
import { ConfigurationError, type Problem } from '../../errors.js'

/**
 * The options of a session's cookie and of the end of a request, with Rack's names. A handler can change them for one
 * request. `null` means *not set*.
 */
export interface SessionOptions {
  /**
   * Path of the cookie.
   *
   * @default '/'
   */
  path?: string | null | undefined
  /**
   * Domain of the cookie.
   *
   * @default the domain of the request
   */
  domain?: string | null | undefined
  /**
   * Seconds after the last request at which cookie and session expire. The cookie is then sent with every response.
   *
   * @default the cookie ends with the browser, the session by `max_stale` and `max_age`
   */
  expireAfter?: number | null | undefined
  /**
   * Use sessions only over https. For requests over http, no session is loaded or stored, and no cookie is sent.
   *
   * @default false
   */
  secure?: boolean | null | undefined
  /**
   * Hide the cookie from scripts in the page.
   *
   * @default true
   */
  httponly?: boolean | null | undefined
  /**
   * Which requests from other sites carry the cookie: none (`strict`), only links (`lax`), or all (`none`).
   *
   * @default not set: the browser decides
   */
  sameSite?: 'strict' | 'lax' | 'none' | null | undefined
  /**
   * Use a separate cookie for each site that embeds this one. Browsers require `secure` with it.
   *
   * @default false
   */
  partitioned?: boolean | null | undefined
  /**
   * Store the session, but send no cookie.
   *
   * @default false
   */
  defer?: boolean | null | undefined
  /**
   * Store nothing and send no cookie.
   *
   * @default false
   */
  skip?: boolean | null | undefined
  /**
   * Give the session another id. Its data stays, and the old id becomes invalid.
   *
   * @default false
   */
  renew?: boolean | null | undefined
  /**
   * Delete the session, and send no cookie.
   *
   * @default false
   */
  drop?: boolean | null | undefined
}

/** Options of a session manager: those of this package and Rack's. */
export interface ManagerOptions extends Options, SessionOptions {
  /**
   * Name of the cookie.
   *
   * @default 'rack.session'
   */
  readonly key?: string | null | undefined
  /**
   * Treat every request like one over https. Set it if TLS ends before the application, at a proxy or load balancer.
   *
   * @default false
   */
  readonly assumeSsl?: boolean | null | undefined
}

export interface SeparatedOptions {
  readonly key: string
  readonly assumeSsl: boolean
  readonly session: SessionOptions
  /** The options of this package. */
  readonly options: Options
}

/** The longest `expireAfter`: a hundred years, in seconds. */
const LONGEST = 3_155_760_000

/** Returns why an option can't have the value; undefined if the value is valid. */
type Check = (value: unknown) => string | undefined

const CHECKS: Readonly<Record<string, Check>> = {
  key: inCookie((key) => stringifySetCookie(key, 'x'), 'the name of a cookie'),
  assumeSsl: isBoolean,
  path: inCookie((path) => stringifySetCookie('x', 'x', { path }), 'a path, such as /shop'),
  domain: inCookie((domain) => stringifySetCookie('x', 'x', { domain }), 'a domain, such as example.com'),
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
 * Separates Rack's options from the options of this package, and checks both.
 *
 * @throws {ConfigurationError} with the problems of all options
 */
export function separateOptions(all: ManagerOptions): SeparatedOptions {
  const { rack, packageOptions, problems } = split(all)
  try {
    const options = resolveConfiguration(packageOptions)
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

/** @throws {ConfigurationError} if a request set an option to an invalid value */
export function assertSessionOptions(options: SessionOptions): void {
  const problems = Object.entries(options).flatMap(([name, value]) => problemsOf(name, value))
  if (problems.length > 0) throw new ConfigurationError(problems)
}

interface Split {
  readonly rack: Omit<ManagerOptions, keyof Options>
  readonly packageOptions: Options
  readonly problems: Problem[]
}

function split(all: ManagerOptions): Split {
  if (typeof all !== 'object' || all === null || Array.isArray(all))
    return { rack: {}, packageOptions: all, problems: [] }
  const rack: Record<string, unknown> = {}
  const packageOptions: Record<string, unknown> = {}
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(all)) {
    const isOfPackage = OPTION_NAMES.some((known) => known === name)
    const meant = isOfPackage ? '' : didYouMean(name.replaceAll('_', ''), NAMES)
    if (NAMES.includes(name)) {
      rack[name] = value ?? undefined
      problems.push(...problemsOf(name, value))
    } else if (meant) {
      problems.push({ place: `option ${name}`, text: `is not an option of the session manager${meant}` })
    } else {
      packageOptions[name] = value
    }
  }
  // A resolved configuration must stay the same object.
  const hasRackOptions = Object.keys(rack).length > 0 || problems.length > 0
  return { rack, packageOptions: hasRackOptions ? packageOptions : all, problems }
}

function problemsOf(name: string, value: unknown): Problem[] {
  if (value === undefined || value === null) return []
  const check = CHECKS[name]
  const text = check ? check(value) : `is not an option of a session${didYouMean(name, NAMES)}`
  return text === undefined ? [] : [{ place: `option ${name}`, text }]
}

/** @param attempt makes a cookie with the value, and throws if the value is invalid */
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
