import type { Dispatcher } from 'undici'
import type { Door } from './server-process.js'
import type { Asked, Told } from './wire.js'

/** What came back of a request of a client. */
export interface Answer {
  readonly told?: Told
  readonly setCookie?: string | undefined
  readonly failure?: string
}

/** @param cookie as a browser sends it */
export async function send(agent: Dispatcher, door: Door, asked: Asked, cookie: string | undefined): Promise<Answer> {
  try {
    const { statusCode, headers, body } = await agent.request({
      origin: `http://127.0.0.1:${door.port}`,
      path: '/',
      method: 'GET',
      headers: {
        'x-asked': JSON.stringify(asked),
        ...(cookie && { cookie: `${door.cookieName}=${cookie}` }),
      },
    })
    const text = await body.text()
    const setCookie = [headers['set-cookie'] ?? []].flat().find((line) => line.startsWith(`${door.cookieName}=`))
    if (statusCode === 200) return { told: JSON.parse(text), setCookie }
    return { failure: `${statusCode} ${text.slice(0, 400)}`, setCookie }
  } catch (error) {
    return { failure: String((error as { code?: string }).code ?? error) }
  }
}

/** Errors that say that nothing was written. */
export function isRefusal(failure: string | undefined): boolean {
  return (
    failure !== undefined && /LockWaitTimeoutError|Nothing was written|SessionUnreadError|ECONNREFUSED/.test(failure)
  )
}
