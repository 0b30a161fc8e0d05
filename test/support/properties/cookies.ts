import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { expect } from 'vitest'
import { ConfigurationError } from '../../../runtime/errors.js'
import { createSessionManager, type ManagerOptions } from '../../../runtime/fetch.js'
import { makeSessionId } from '../../../runtime/session/item/session-id.js'
import { anyText, wellFormedText } from './arbitraries.js'
import type { Properties } from './properties.js'

const KEY = 'session'
const SECRET = 'signs the ids in the cookies of these properties'
const { config } = new DynamoDBClient({})

/** A client that answers every request as if there was no item. */
function emptyTable() {
  const requests: unknown[] = []
  const send = async (command: unknown) => {
    requests.push(command)
    return {}
  }
  return { requests, client: { send, config } as unknown as DynamoDBClient }
}

function managerOf(options: ManagerOptions, client = emptyTable().client) {
  const own = { client, region: 'us-east-1', root: '/nowhere', secretKey: SECRET, maxStale: 60 }
  return createSessionManager({ key: KEY, ...own, ...options })
}

/** The value of a Cookie header: as browsers send it, or nonsense. */
const anyHeader = fc.oneof(
  anyText(200),
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(KEY, '__proto__', 'constructor'), anyText(10)), anyText()), {
      maxLength: 6,
    })
    .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('; ')),
  fc
    .tuple(fc.constantFrom('sha256' as const, 'md5' as const), fc.nat(), anyText(3))
    .map(([sessionIdDigest, place, text]) => {
      const id = makeSessionId({ secretKey: 'another secret, of an attacker', sessionIdDigest })
      return `${KEY}=${id.slice(0, place % id.length)}${text}${id.slice(place % id.length)}`
    }),
)

/** What stands before and after a cookie in its header: other cookies, or nonsense between semicolons. */
const otherCookies = fc.array(anyText(30), { maxLength: 3 }).map((parts) =>
  parts
    .filter((part) => !part.includes(KEY))
    .map((part) => `${part};`)
    .join(' '),
)

const setting = fc.oneof(
  anyText(),
  fc.constantFrom('/', '/shop', 'example.com', 'lax', 'none'),
  fc.boolean(),
  fc.double(),
)

/** Cookie headers come from browsers, and options of cookies may come from a request. */
export const COOKIES = {
  'a cookie header without a valid signature gives a new session, and sends no request': fc.asyncProperty(
    anyHeader,
    async (header) => {
      const { client, requests } = emptyTable()
      const { result, setCookie } = await managerOf({}, client).use(header, (session) => session.get('user'))
      expect(result).toBeUndefined()
      expect(setCookie).toBeUndefined()
      expect(requests).toEqual([])
    },
  ),
  'a signed id is found in its header, whatever stands around it': fc.asyncProperty(
    otherCookies,
    otherCookies,
    async (before, after) => {
      const { client, requests } = emptyTable()
      const id = makeSessionId({ secretKey: SECRET, sessionIdDigest: 'sha256' })
      await managerOf({}, client).use(`${before} ${KEY}=${id}; ${after}`, () => {})
      expect(requests).toHaveLength(1)
    },
  ),
  'options of a cookie are refused, or the header has them and nothing else': fc.asyncProperty(
    fc.oneof(fc.constantFrom(KEY, '__Host-session', '__Secure-session'), wellFormedText(12)),
    fc.record({ path: setting, domain: setting, sameSite: setting, partitioned: setting }, { requiredKeys: [] }),
    async (key, options) => {
      const header = await attempt(async () => {
        const manager = managerOf({ ...options, key } as ManagerOptions)
        return (await manager.use(null, (session) => session.set('user', 'ada'))).setCookie
      })
      if (header !== undefined) expectOnly(header, key, options)
    },
  ),
  'options that a handler sets are refused, or the header has them and nothing else': fc.asyncProperty(
    fc.record({ path: setting, domain: setting, sameSite: setting }, { requiredKeys: [] }),
    async (settings) => {
      const header = await attempt(async () => {
        const used = await managerOf({}).use(null, (session, options) => {
          session.set('user', 'ada')
          Object.assign(options, settings)
        })
        return used.setCookie
      })
      if (header !== undefined) expectOnly(header, KEY, settings)
    },
  ),
} satisfies Properties

function expectOnly(header: string, key: string, { path = '/', domain }: Readonly<Record<string, unknown>>): void {
  expect(header).not.toMatch(/[\r\n\0]/)
  const [cookie = '', ...attributes] = header.split('; ')
  expect(cookie).toMatch(/=[0-9a-f]{64}--[0-9a-f]{64}$/)
  expect(cookie.slice(0, cookie.lastIndexOf('='))).toBe(key)
  const values = (name: string) => attributes.filter((attribute) => attribute.startsWith(`${name}=`))
  expect(values('Path')).toEqual([`Path=${path}`])
  expect(values('Domain')).toEqual(domain === undefined ? [] : [`Domain=${domain}`])
  expect(attributes).toContain('HttpOnly')
}

/** The result; undefined where an option was refused with a typed error. */
async function attempt<T>(make: () => Promise<T>): Promise<T | undefined> {
  try {
    return await make()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError)
    return undefined
  }
}
