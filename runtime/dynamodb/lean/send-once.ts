import type { Exchange, HttpRequest, HttpResponse } from './http.js'
import type { Metadata, Route } from './route.js'

/**
 * One attempt: what `httpSigningMiddleware` and `deserializerMiddleware` of the SDK do, with the client's signer and
 * protocol, which keep the clock's offset right and make the exceptions.
 */
export async function sendOnce(
  route: Route,
  request: HttpRequest,
  exchange: Exchange,
  abortSignal: AbortSignal | undefined,
): Promise<object & { $metadata: Metadata }> {
  const { signer, identity } = route
  const properties = { ...route.signingProperties }
  const signed = await signer.sign(request, identity, properties)
  let response: HttpResponse
  let output: object & { $metadata: Metadata }
  try {
    response = await exchange(signed, abortSignal)
    output = await read(route, response)
  } catch (error) {
    signer.errorHandler?.(properties)(error)
    throw error
  }
  signer.successHandler?.(response, properties)
  return output
}

async function read(route: Route, response: HttpResponse): Promise<object & { $metadata: Metadata }> {
  try {
    return await route.deserialize(response)
  } catch (error) {
    throw withResponse(error as Error & { $metadata?: Metadata }, response)
  }
}

const HINT =
  'Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.'

/** An error of DynamoDB knows its metadata already; one of reading the answer (not JSON, broken off) does not. */
function withResponse(error: Error & { $metadata?: Metadata }, response: HttpResponse): Error {
  // The SDK's exceptions have the property already, visible: what was stored would be printed with them.
  Object.defineProperty(error, '$response', {
    value: response,
    enumerable: false,
    writable: false,
    configurable: false,
  })
  if ('$metadata' in error) return error
  error.message += `\n  ${HINT}`
  const { statusCode, headers } = response
  const found = (pattern: RegExp) => Object.entries(headers).find(([name]) => pattern.test(name))?.[1]
  return Object.assign(error, {
    $metadata: {
      httpStatusCode: statusCode,
      requestId: found(/^x-[\w-]+-request-?id$/),
      extendedRequestId: found(/^x-[\w-]+-id-2$/),
      cfId: found(/^x-[\w-]+-cf-id$/),
    },
  })
}
