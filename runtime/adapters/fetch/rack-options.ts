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
   * Whether the cookie has the attribute Secure.
   *
   * - `'auto'`: if the request came over https (see `assumeSsl`)
   * - `true`: always. For requests over http, no session is loaded or stored, and no cookie is sent.
   * - `false`: never
   *
   * A `key` that begins with `__Host-` or `__Secure-`, `sameSite: 'none'` and `partitioned: true` need Secure. With
   * these, `'auto'` means `true`, and `false` is refused.
   *
   * @default 'auto'
   */
  secure?: boolean | 'auto' | null | undefined
  /**
   * Hide the cookie from scripts in the page.
   *
   * @default true
   */
  httponly?: boolean | null | undefined
  /**
   * Which requests from other sites carry the cookie: none (`strict`), only links (`lax`), or all (`none`). `false`: the
   * cookie has no SameSite attribute, and the browser decides.
   *
   * @default 'lax'; with `rails`, false
   */
  sameSite?: 'strict' | 'lax' | 'none' | false | null | undefined
  /**
   * Use a separate cookie for each site that embeds this one.
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
   * Name of the cookie. Browsers accept a name that begins with `__Host-` only with Secure, path `/` and no domain. So
   * no other host of the site can set the cookie.
   *
   * @default 'session'; with `rails`, '_session_id'
   */
  readonly key?: string | null | undefined
  /**
   * Share cookie and table with a Rails application. This sets Rails' defaults: `key` `'_session_id'`, `sameSite` false,
   * `sessionIdDigest` `'md5'` and `hashSessionIds` false. Commands read only the configuration file, so set
   * `session_id_digest: md5` there too.
   *
   * @default false
   */
  readonly rails?: boolean | null | undefined
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
  rails: isBoolean,
  path: inCookie((path) => stringifySetCookie('x', 'x', { path }), 'a path, such as /shop'),
  domain: inCookie((domain) => stringifySetCookie('x', 'x', { domain }), 'a domain, such as example.com'),
  expireAfter: (value) =>
    typeof value === 'number' && value > 0 && value <= LONGEST
      ? undefined
      : `must be a number of seconds, more than 0 and at most ${LONGEST}, not ${shown(value)}`,
  secure: (value) =>
    typeof value === 'boolean' || value === 'auto' ? undefined : `must be true, false or 'auto', not ${shown(value)}`,
  httponly: isBoolean,
  sameSite: (value) =>
    ['strict', 'lax', 'none', false].includes(value as string | false)
      ? undefined
      : `must be 'strict', 'lax', 'none' or false, not ${shown(value)}`,
  partitioned: isBoolean,
  defer: isBoolean,
  skip: isBoolean,
  renew: isBoolean,
  drop: isBoolean,
}

const NAMES = Object.keys(CHECKS)

/** The options of this package that `rails: true` sets. */
const RAILS = { sessionIdDigest: 'md5', hashSessionIds: false } as const satisfies Options

/**
 * Separates Rack's options from the options of this package, and checks both.
 *
 * @throws {ConfigurationError} with the problems of all options
 */
export function separateOptions(all: ManagerOptions): SeparatedOptions {
  const { rack, packageOptions, problems } = split(all)
  const { key: given, assumeSsl, rails, ...session } = rack
  const key = given ?? (rails ? '_session_id' : 'session')
  if (rails) {
    session.sameSite ??= false
    problems.push(...railsProblems(packageOptions))
  }
  if (problems.length === 0) problems.push(...cookieProblems(key, session))
  try {
    const options = resolveConfiguration(rails ? { ...packageOptions, ...RAILS } : packageOptions)
    if (problems.length === 0) return { key, assumeSsl: assumeSsl ?? false, session, options }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    problems.push(...error.problems)
  }
  throw new ConfigurationError(problems)
}

function railsProblems(given: Options): Problem[] {
  return (Object.keys(RAILS) as (keyof typeof RAILS)[]).flatMap((name) => {
    const value = given[name] ?? RAILS[name]
    const text = `can't be ${shown(value)} with rails: true, which sets it to ${shown(RAILS[name])}; leave it out`
    return value === RAILS[name] ? [] : [{ place: `option ${name}`, text }]
  })
}

/** @throws {ConfigurationError} if a request set an option to an invalid value */
export function assertSessionOptions(key: string, options: SessionOptions): void {
  const problems = Object.entries(options).flatMap(([name, value]) => problemsOf(name, value))
  if (problems.length === 0) problems.push(...cookieProblems(key, options))
  if (problems.length > 0) throw new ConfigurationError(problems)
}

/** Whether sessions are used only over https. */
export function isForHttpsOnly(key: string, options: SessionOptions): boolean {
  return options.secure === true || (options.secure !== false && needsSecure(key, options).length > 0)
}

/** Whether the cookie has the attribute Secure, in the response to a request over https or http. */
export function isSecure(key: string, options: SessionOptions, isHttps: boolean): boolean {
  return isForHttpsOnly(key, options) || (isHttps && options.secure !== false)
}

/** Browsers compare the prefixes of names without regard to case (RFC 6265bis, 4.1.3). */
const HOST_PREFIX = /^__Host-/i
const PREFIX = /^__(?:Host|Secure)-/i

/** What browsers accept only together with the attribute Secure. */
function needsSecure(key: string, { sameSite, partitioned }: SessionOptions): string[] {
  return [
    ...(PREFIX.test(key) ? [`the cookie's name "${key}"`] : []),
    ...(sameSite === 'none' ? ["sameSite 'none'"] : []),
    ...(partitioned ? ['partitioned'] : []),
  ]
}

/** Combinations of options with which browsers refuse the cookie. */
function cookieProblems(key: string, options: SessionOptions): Problem[] {
  const { secure, path, domain } = options
  const reasons = secure === false ? needsSecure(key, options) : []
  const problems = reasons.map((reason) => ({
    place: 'option secure',
    text: `can't be false, because browsers accept ${reason} only with Secure; set it to true, or leave it out`,
  }))
  if (!HOST_PREFIX.test(key)) return problems
  const only = `browsers accept the cookie's name "${key}" only`
  if (domain) problems.push({ place: 'option domain', text: `can't be set, because ${only} without a domain` })
  if (path && path !== '/') problems.push({ place: 'option path', text: `must be /, because ${only} with this path` })
  return problems
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
