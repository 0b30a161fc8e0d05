import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip, type Gzip } from 'node:zlib'
import express from 'express'
import { afterEach, describe, expect, it } from 'vitest'
import { createSessionManager } from '../../../../runtime/fetch.js'
import { withSession } from '../../../../runtime/node-http.js'
import { listen, stop } from '../../../support/adapters/listen.js'
import { anyEngine } from '../../../support/engines.js'
import { fetchTable } from '../../../support/fetch-table.js'

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown
type Wrapper = (response: ServerResponse) => void

describe('withSession and packages that replace methods of the response', () => {
  const table = fetchTable(anyEngine())
  const { data, reported } = table
  let servers: ReturnType<typeof createServer>[] = []

  afterEach(async () => {
    await Promise.all(servers.map(stop))
    servers = []
    expect(reported.splice(0)).toEqual([])
  })

  const sessions = () =>
    createSessionManager({ ...table.options(), secretKey: 'a secret of thirty-two characters or more' })

  async function get(listener: Listener) {
    const server = createServer(listener)
    servers.push(server)
    const port = await listen(server)
    const signal = AbortSignal.timeout(3000)
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'accept-encoding': 'gzip' }, signal })
    const { status, headers } = response
    return { status, headers, cookies: headers.getSetCookie(), text: await response.text() }
  }

  /** Wraps the response before or after the session, and responds. */
  function answering(
    wrap: Wrapper,
    where: 'before' | 'behind',
    answer: (response: ServerResponse) => unknown,
  ): Listener {
    const manager = sessions()
    return (request, response) => {
      if (where === 'before') wrap(response)
      return withSession(manager, (_request, _response, session) => {
        session.set('user', 'ada')
        if (where === 'behind') wrap(response)
        return answer(response)
      })(request, response)
    }
  }

  /** The same with Express, as in docs/rails.md. */
  function answeringInExpress(
    wrap: Wrapper,
    where: 'before' | 'behind',
    answer: (response: ServerResponse) => unknown,
  ) {
    const manager = sessions()
    const app = express()
    const wrapping: express.RequestHandler = (_request, response, next) => {
      wrap(response)
      next()
    }
    if (where === 'before') app.use(wrapping)
    app.use((request, response, next) =>
      withSession(manager, (_request, _response, session) => {
        session.set('user', 'ada')
        next()
      })(request, response),
    )
    if (where === 'behind') app.use(wrapping)
    app.get('/', (_request, response) => void answer(response))
    return app
  }

  const isStored = async (cookie = '') => expect(await data(cookie.split(/[=;]/)[1] ?? '')).toEqual({ user: 'ada' })

  const long = 'x'.repeat(5000)
  const answers: [string, (response: ServerResponse) => unknown, string][] = [
    ['end', (response) => response.end(long), long],
    [
      'write and end',
      (response) => {
        response.write('a')
        response.write(long)
        response.end('z')
      },
      `a${long}z`,
    ],
    [
      'write, and end later',
      (response) => {
        response.write(long)
        setTimeout(() => response.end('z'), 150)
      },
      `${long}z`,
    ],
    ['writeHead and end', (response) => response.writeHead(200, { 'x-a': '1' }).end(long), long],
    ['a pipe', (response) => void Readable.from(['a', long.repeat(40), 'z']).pipe(response), `a${long.repeat(40)}z`],
    ['a pipeline', (response) => pipeline(Readable.from(['a', long, 'z']), response), `a${long}z`],
  ]

  for (const where of ['before', 'behind'] as const) {
    describe.each([
      ['node', answering],
      ['Express', answeringInExpress],
    ])(`compressing, ${where} the session, in %s`, (_, serve) => {
      it.each(answers)('sends cookie and text of: %s', async (_, answer, text) => {
        const answered = await get(serve(compress, where, answer))
        expect(answered.headers.get('content-encoding')).toBe('gzip')
        expect(answered.text).toBe(text)
        expect(answered.cookies).toHaveLength(1)
        await isStored(answered.cookies[0])
      })
    })
  }

  it.each(['before', 'behind'] as const)('sends a header that another package sets in writeHead, %s', async (where) => {
    const answered = await get(
      answering(
        (response) => onHeaders(response, () => response.setHeader('x-late', '1')),
        where,
        (response) => response.end('x'),
      ),
    )
    expect([answered.headers.get('x-late'), answered.cookies.length, answered.text]).toEqual(['1', 1, 'x'])
  })

  it('sends the output of a method that was read from the response before the headers were sent', async () => {
    const answered = await get(
      answering(
        () => undefined,
        'behind',
        (response) => {
          const { end } = response
          response.writeHead(200)
          setTimeout(() => end.call(response, 'captured', 'utf8'), 150)
        },
      ),
    )
    expect([answered.text, answered.cookies.length]).toEqual(['captured', 1])
  })

  it.each([0, 150])('leaves methods of the application in place: end %d ms later', async (delay) => {
    const ran: string[] = []
    const answered = await get(
      answering(
        (response) => {
          const { end, writeHead } = response
          response.end = ((...given: Parameters<typeof end>) => {
            ran.push('end')
            return Reflect.apply(end, response, given)
          }) as typeof end
          response.writeHead = ((...given: Parameters<typeof writeHead>) => {
            ran.push('writeHead')
            return Reflect.apply(writeHead, response, given)
          }) as typeof writeHead
        },
        'behind',
        (response) => {
          response.writeHead(201)
          setTimeout(() => response.end('late'), delay)
        },
      ),
    )
    expect([answered.status, answered.text, answered.cookies.length]).toEqual([201, 'late', 1])
    expect(ran).toEqual(['writeHead', 'end'])
  })

  it('keeps the status when writeHead is called again, as express-session does', async () => {
    const answered = await get(
      answering(
        (response) => {
          const { end } = response
          response.end = ((...given: Parameters<typeof end>) => {
            if (!response.headersSent) Reflect.apply(Reflect.get(response, '_implicitHeader'), response, [])
            return Reflect.apply(end, response, given)
          }) as typeof end
        },
        'behind',
        (response) => response.writeHead(201, { 'x-a': '1' }).end('x'),
      ),
    )
    expect([answered.status, answered.headers.get('x-a'), answered.text]).toEqual([201, '1', 'x'])
    expect(answered.cookies).toHaveLength(1)
  })

  it('refuses a second writeHead, as Node does, and sends the first', async () => {
    let code: unknown
    let status: unknown
    const answered = await get(
      answering(
        () => undefined,
        'behind',
        (response) => {
          response.writeHead(201, { 'x-a': '1' })
          status = response.statusCode
          try {
            response.writeHead(404)
          } catch (error) {
            code = Reflect.get(error as Error, 'code')
          }
          response.end('x')
        },
      ),
    )
    expect([status, code]).toEqual([201, 'ERR_HTTP_HEADERS_SENT'])
    expect([answered.status, answered.headers.get('x-a'), answered.text]).toEqual([201, '1', 'x'])
  })

  it('takes the headers of writeHead as a list of pairs', async () => {
    const headers = [
      ['x-a', '1'],
      ['x-b', '2'],
      ['set-cookie', 'theme=dark'],
    ]
    const answered = await get(
      answering(
        () => undefined,
        'behind',
        (response) => {
          response.setHeader('x-a', 'before')
          Reflect.apply(response.writeHead, response, [200, headers])
          response.end('x')
        },
      ),
    )
    expect([answered.headers.get('x-a'), answered.headers.get('x-b'), answered.cookies.length]).toEqual(['1', '2', 2])
  })

  it('responds with 500 instead of a compressed response whose session could not be stored', async () => {
    const error = 'ThrottlingException'
    table.proxy.inject('UpdateItem', { error, delay: 50 })
    table.proxy.inject('PutItem', { error, delay: 50 })
    const answered = await get(answering(compress, 'behind', (response) => response.end(long)))
    expect(reported.splice(0)).toEqual([`request: ${error}`])
    expect([answered.status, answered.text]).toEqual([500, 'Internal Server Error'])
    expect([answered.headers.get('content-encoding'), answered.cookies.length]).toEqual([null, 0])
  })

  it('sends nothing of a response whose session could not be stored, while onError is running', async () => {
    table.proxy.inject('UpdateItem', { error: 'ThrottlingException' })
    table.proxy.inject('PutItem', { error: 'ThrottlingException' })
    const listener = withSession(
      sessions(),
      (_request, response, session) => {
        session.set('user', 'ada')
        const { end } = response
        response.writeHead(200)
        setTimeout(() => end.call(response, 'as if it were stored', 'utf8'), 100)
      },
      {
        onError: async (_error, _request, response) => {
          await new Promise((resolve) => setTimeout(resolve, 200))
          response.writeHead(503).end('not stored')
        },
      },
    )
    expect(await get(listener)).toMatchObject({ status: 503, text: 'not stored', cookies: [] })
  })

  it('compresses the error response for a listener that threw before it responded', async () => {
    const answered = await get(
      answering(compress, 'behind', () => {
        throw new TypeError('of the listener')
      }),
    )
    expect(reported.splice(0)).toEqual(['request: TypeError'])
    expect([answered.status, answered.text]).toEqual([500, 'Internal Server Error'])
    expect(answered.headers.get('content-encoding')).toBe('gzip')
  })
})

/** As `compression`: calls writeHead until the headers are sent, then writes to a stream of its own. */
function compress(response: ServerResponse): void {
  const _write = response.write as (...given: unknown[]) => boolean
  const _end = response.end as (...given: unknown[]) => unknown
  const _on = response.on
  let gzip: Gzip | undefined
  let hasEnded = false
  let listeners: [string, () => void][] = []
  const begin = () => {
    if (!response.headersSent) response.writeHead(response.statusCode)
  }
  Object.assign(response, {
    write(chunk: string) {
      if (hasEnded) return false
      begin()
      return gzip ? gzip.write(chunk) : _write.call(response, chunk)
    },
    end(chunk?: string) {
      if (hasEnded) return false
      begin()
      if (!gzip) return _end.call(response, chunk)
      hasEnded = true
      return chunk ? gzip.end(chunk) : gzip.end()
    },
    on(type: string, listener: () => void) {
      if (type !== 'drain') return _on.call(response, type, listener)
      if (gzip) return gzip.on('drain', listener)
      listeners.push([type, listener])
      return response
    },
  })
  onHeaders(response, () => {
    const stream = createGzip()
    gzip = stream
    for (const [type, listener] of listeners) stream.on(type, listener)
    listeners = []
    response.setHeader('Content-Encoding', 'gzip')
    response.removeHeader('Content-Length')
    stream.on('data', (chunk) => {
      if (_write.call(response, chunk) === false) stream.pause()
    })
    stream.on('end', () => _end.call(response))
    _on.call(response, 'drain', () => stream.resume())
  })
}

/** As `on-headers`. */
function onHeaders(response: ServerResponse, listener: () => void): void {
  const { writeHead } = response
  let fired = false
  response.writeHead = ((status: number, headers?: Record<string, string>) => {
    response.statusCode = status
    for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value)
    if (!fired) {
      fired = true
      listener()
    }
    return writeHead.call(response, status)
  }) as typeof writeHead
}
