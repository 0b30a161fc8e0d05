/** Replaces a secret. */
const REDACTED = '[redacted]'

/** Limit of a foreign text in a message, in characters. */
const LONGEST_LINE = 2_000

/** Limit of a message, with all foreign texts in it, in characters. */
const LONGEST_MESSAGE = 20_000

/**
 * Makes a text fit for terminals, logs and error messages. Redacts secrets, shows control characters as `\x1b`, and cuts long
 * texts. Line breaks and tabs stay.
 *
 * @param limit the longest result, in characters
 */
export function fitForOutput(text: string, limit = LONGEST_MESSAGE): string {
  return cut(text, limit, (kept) => redact(kept).replace(CONTROL, escaped))
}

/** Like {@link fitForOutput}, for a foreign text inside a line: line breaks become `\n`, tabs `\t`. */
export function fitForLine(text: unknown, limit = LONGEST_LINE): string {
  return cut(textOf(text), limit, (kept) =>
    redact(kept)
      .replace(CONTROL, escaped)
      .replace(/[\n\t]/g, escaped),
  )
}

/** Any thrown value as text. `String` fails for objects that can't become text, such as those without a prototype. */
export function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** A value as JSON for a terminal: without secrets and raw control characters. An indent of 0 gives one line. */
export function jsonForOutput(value: unknown, indent = 2): string {
  const json = JSON.stringify(value, (_, member) => (typeof member === 'string' ? redact(member) : member), indent)
  return json.replace(CONTROL, (character) =>
    Array.from({ length: character.length }, (_, at) => {
      return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
    }).join(''),
  )
}

/**
 * Makes a foreign error fit for output, in place. The object stays the same, so that applications can test its class, `code`
 * and `cause`. For example, AWS's error for a wrong signature quotes the session token.
 */
export function makeErrorFit<T>(error: T, seen = new Set<unknown>()): T {
  if (!(error instanceof Error) || seen.has(error)) return error
  seen.add(error)
  const { message, stack } = error
  const fit = fitForLine(message)
  for (const [name, { value, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
    if (name === 'name' || name === 'code') replace(error, name, value, textOf(value).replace(CONTROL, escaped))
    else if (typeof value === 'string' && name !== 'stack') set(error, name, fitForLine(value))
    else if (enumerable && name !== 'cause') replace(error, name, value, fitMember(value, seen))
  }
  if (typeof stack === 'string') set(error, 'stack', stackWith(fit, message, stack))
  makeErrorFit(error.cause, seen)
  const { errors } = error as { errors?: unknown }
  if (Array.isArray(errors)) for (const one of errors) makeErrorFit(one, seen)
  return error
}

/** Deeper members are left out. The SDK copies all members of a response to its error, even of a foreign response. */
const DEEPEST_MEMBER = 10

/** Makes a JSON value fit. Returns the same object when nothing in it has to change. */
function fitMember(value: unknown, seen: Set<unknown>, depth = 0): unknown {
  if (typeof value === 'string') return fitForLine(value)
  if (value instanceof Error) return makeErrorFit(value, seen)
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value
  if (depth === DEEPEST_MEMBER) return '…'
  const members = Object.entries(value)
  const fit = members.map(([name, member]): [string, unknown] => [fitForLine(name), fitMember(member, seen, depth + 1)])
  if (fit.every(([name, member], at) => name === members[at]?.[0] && member === members[at]?.[1])) return value
  return Array.isArray(value) ? fit.map(([, member]) => member) : Object.fromEntries(fit)
}

/** The stack traces of an error and its causes, for DEBUG. Other members may hold an item, so they are left out. */
export function debugText(error: unknown): string {
  const texts: string[] = []
  for (let cause = error; cause !== undefined && texts.length < 10; ) {
    texts.push(cause instanceof Error ? stackOf(cause) + facts(cause) : fitForLine(cause))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return texts.join('\ncaused by: ')
}

function stackOf({ name, message, stack = `${name}: ${message}` }: Error): string {
  return stackWith(fitForOutput(message, LONGEST_LINE).replaceAll('\n', '\n  '), message, stack)
}

/** Makes message and trace fit separately: a long message must not cut off the trace. */
function stackWith(fit: string, message: string, stack: string): string {
  const at = message === '' ? -1 : stack.indexOf(message)
  if (at === -1) return fitForOutput(stack)
  return fitForOutput(stack.slice(0, at)) + fit + fitForOutput(stack.slice(at + message.length))
}

function facts(error: Error & { code?: unknown; $metadata?: { httpStatusCode?: number; requestId?: string } }): string {
  const { code: errorCode, $metadata: { httpStatusCode, requestId } = {} } = error
  const known = { code: errorCode, 'HTTP status': httpStatusCode, 'request id': requestId }
  const shown = Object.entries(known).filter(([, value]) => value !== undefined)
  return shown.map(([name, value]) => `\n    ${name}: ${fitForLine(value)}`).join('')
}

function replace(error: Error, name: string, value: unknown, fit: unknown): void {
  if (value !== undefined && fit !== value && (typeof value === 'string' || typeof value === 'object')) {
    set(error, name, fit)
  }
}

/** Sets a member. A frozen error stays as it is. */
function set(error: Error, name: string, value: unknown): void {
  const {
    configurable = true,
    writable = false,
    enumerable = false,
  } = Object.getOwnPropertyDescriptor(error, name) ?? {}
  if (configurable) Object.defineProperty(error, name, { value, enumerable, writable: true, configurable })
  else if (writable) Object.assign(error, { [name]: value })
}

/** C0 except line feed and tab, DEL, C1. Also characters that are invisible, break lines or change the direction of text. */
const CONTROL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finds control characters
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}\p{Cs}]/gu

function escaped(character: string): string {
  if (character === '\n') return '\\n'
  if (character === '\t') return '\\t'
  const digits = code(character)
  if (digits.length <= 2) return `\\x${digits.padStart(2, '0')}`
  return digits.length <= 4 ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`
}

function code(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16)
}

/** @param make makes the kept text fit, before the final cut: half a secret would not be recognised */
function cut(text: string, limit: number, make: (kept: string) => string): string {
  const most = limit * 4
  const kept = text.length > most ? text.slice(0, Math.max(text.lastIndexOf(' ', most), 0)) : text
  const made = make(kept)
  if (made.length <= limit && kept.length === text.length) return made
  const end = `… (${text.length} characters)`
  return made.slice(0, Math.max(limit - end.length, 0)).replace(/[\ud800-\udbff]$/, '') + end
}

/** Names before a secret value: in headers, URLs, ENV, YAML, JSON, and DynamoDB's JSON. */
const LABELS = [
  `(?:session|security)[_-]?token`,
  `secret_?(?:access_?)?key(?:_base)?`,
  `access_?key_?id|session_?id|password|passwd|signature|credential|authorization`,
  `(?<![a-z])(?:sid|pwd)(?![a-z])`,
].join('|')

/** Separates name and value. DynamoDB's JSON adds the type. JSON inside JSON has backslashes. */
const COLON = String.raw`\\*["']?[ \t]*[:=][ \t]*(?:\{[ \t]*\\*"S\\*"[ \t]*:[ \t]*)?`

const QUOTED = String.raw`\\*"[^"\n]*"|\\*'[^'\n]*'`

/** After `=`, any text. After `:`, which also occurs in prose: a text that is quoted, long, or has a digit. */
const VALUE = String.raw`(?!\$\{)(?:${QUOTED}|(?<=(?:=|x-amz-[a-z-]{1,20}:)[ \t]{0,9})[^\s"',;&}]+|[^\s"',;&}]{16,}|(?=[^\s\d]{0,80}\d)[^\s"',;&}]{8,})`

const LABELLED = new RegExp(`((?:${LABELS})${COLON})(${VALUE})`, 'gi')

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // Strings and binary values in DynamoDB's JSON, also inside JSON: ids of any form, session data.
  [/((\\{0,7})"[SB]\2"[ \t]*:[ \t]*\2")(?!\[redacted\])(?:(?!(?<!\\)\2")[^\n])*/g, `$1${REDACTED}`],
  // Headers with several parts.
  [
    /((?:proxy-)?authorization["']?[ \t]*[:=][ \t]*["']?)(?:AWS4|Bearer|Basic|Digest|Token)\b[^\n"]*/gi,
    `$1${REDACTED}`,
  ],
  [/((?:set-)?cookie["']?[ \t]*[:=][ \t]*["']?)[^\s=;,"']{1,256}=[^\n"]*/gi, `$1${REDACTED}`],
  [/\b(Bearer|Basic)[ \t]+(?=[^\s\d]{0,80}\d)[\w+/=.~-]{8,}/gi, `$1 ${REDACTED}`],
  [/(\b[a-z][a-z\d+.-]{0,30}:\/\/)[^\s/?#@"']+@/gi, `$1${REDACTED}@`],
  // AWS access keys, JSON Web Tokens.
  [/\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z\d]{8,}\b/g, REDACTED],
  [/\beyJ[\w-]{8,1024}\.[\w-]+\.[\w-]*/g, REDACTED],
  // Cookies: signed by cookie-signature or @fastify/cookie, encrypted by Rails. Ids: `digest--sid`, `2::sid`, sid.
  [/(?<![\w-])(?:s(?::|%3A))?[\w-]{16,128}\.[\w+/-]{43}(?![\w+/-])(?:=|%3D)?/gi, REDACTED],
  [/(?<![\w-])s(?::|%3A)[\w-]+\.[\w+/%-]{20,}=?/gi, REDACTED],
  [/(?<![\w+/=%-])(?=[a-z_+/=%]{0,64}\d)[\w+/=%]{16,}(?:--[\w+/=%]{16,})+/gi, REDACTED],
  // Keys of 32 bytes in base64.
  [/(?<![\w+/=-])[\w+/-]{43}=(?![\w+/=-])/g, REDACTED],
  [/(?<![\da-f])(?<!mrk-)(?:[\da-f]{64}|[\da-f]{32})(?![\da-f])/gi, REDACTED],
]

/** Secrets without a name: secret access keys (40), ids of express-session and @fastify/session (32), session tokens. */
const BARE = /(?<![\w+/=-])(?:[A-Za-z\d+/]{40}|[\w-]{32}|[\w+/=-]{100,})(?![\w+/=-])/g

const KEYS_IN_ENV = 'AWS_DYNAMO_DB_SESSION_ENCRYPTION_KEYS'

/** ENV names of secrets. Values of fewer than 16 characters are ignored: they are placeholders, or words of the message. */
const IN_ENV = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_DYNAMO_DB_SESSION_SECRET_KEY',
  KEYS_IN_ENV,
  'SECRET_KEY_BASE',
]
const SHORTEST_IN_ENV = 16

/** The values of {@link IN_ENV}, and each part of a list of keys without its id. A key may also stand without its `=`. */
function secretsInEnv(): string[] {
  const values = IN_ENV.flatMap((name) => process.env[name] ?? [])
  const keys = (process.env[KEYS_IN_ENV] ?? '').split(',').map((key) => key.slice(key.indexOf(':') + 1).trim())
  const secrets = [...values, ...keys, ...keys.map((key) => key.replace(/=$/, ''))]
  return secrets.filter(({ length }) => length >= SHORTEST_IN_ENV)
}

/** Keys from YAML and code. */
const known = new Set<string>()

/** Redacts this key from now on, also without its `=`. */
export function keepSecret(key: string): void {
  known.add(key).add(key.replace(/=$/, ''))
}

function redact(text: string): string {
  let clean = text
  for (const secret of [...secretsInEnv(), ...known]) clean = clean.replaceAll(secret, REDACTED)
  clean = clean.replace(LABELLED, (_, label: string, value: string) => {
    // A bare value after a quoted label is a number of JSON, which must stay JSON.
    const quote = /^\\*["']/.exec(value)?.[0] ?? /((?:\\){0,7}")\s*:\s*$/.exec(label)?.[1] ?? ''
    return `${label}${quote}${REDACTED}${quote}`
  })
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement)
  return clean.replace(BARE, (token) => (looksRandom(token) ? REDACTED : token))
}

/** Names and paths consist of words. In a random text, the kind of character changes often. */
function looksRandom(token: string): boolean {
  if (![/[a-z]/, /[A-Z]/, /\d/].every((kind) => kind.test(token))) return false
  const changes = token.match(/[a-z](?=[A-Z\d])|[A-Z](?=[a-z\d])|\d(?=[A-Za-z])/g)?.length ?? 0
  return changes >= token.length / (token.length === 40 ? 4 : 3)
}
