/** Codes of Node that the SDK's handler calls a `TimeoutError`. */
const TIMEOUT_CODES = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT']

type CodedError = Error & { code?: string }

/** undici's own errors as Node and the SDK's `NodeHttpHandler` have them, so that retries and messages are the same. */
export function asNodeError(error: CodedError): Error {
  switch (error.code) {
    case 'UND_ERR_CONNECT_TIMEOUT':
      return timeout('the request socket did not establish a connection with the server in time', error)
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return timeout('the request socket timed out of inactivity', error)
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
    case 'UND_ERR_INFO':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return named('TimeoutError', coded('ECONNRESET', 'socket hang up', error))
    case 'UND_ERR_HEADERS_OVERFLOW':
      return coded('HPE_HEADER_OVERFLOW', 'Parse Error: Header overflow', error)
    default:
  }
  const { code = error.name === 'HTTPParserError' ? 'HPE_INVALID_CONSTANT' : '' } = error
  if (code.startsWith('HPE_')) return coded(code, `Parse Error: ${error.message}`, error)
  return TIMEOUT_CODES.includes(code) ? named('TimeoutError', error) : error
}

/** The error of a connection that breaks in the middle of a body, as Node has it. */
export function brokenOff(error: CodedError): Error {
  return error.code === 'ECONNRESET' ? coded('ECONNRESET', 'aborted', error) : error
}

/** @param milliseconds of the handler's `requestTimeout` */
export function tooLate(milliseconds: number): Error {
  const text = `a request has exceeded the configured ${milliseconds} ms requestTimeout`
  return Object.assign(timeout(text), { code: 'ETIMEDOUT' })
}

/** @param reason of the signal */
export function aborted(reason: unknown): Error {
  const isError = reason instanceof Error
  const text = reason && !isError ? String(reason) : 'Request aborted'
  return named('AbortError', new Error(text, isError ? { cause: reason } : undefined))
}

function timeout(text: string, cause?: Error): Error {
  return named('TimeoutError', new Error(`dynamo-session-store - ${text}.`, { cause }))
}

function coded(code: string, text: string, cause: Error): CodedError {
  return Object.assign(new Error(text, { cause }), { code })
}

function named(name: string, error: Error): Error {
  return Object.assign(error, { name })
}
