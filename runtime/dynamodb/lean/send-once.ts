import type { Exchange, HttpRequest, HttpResponse } from './http.js'
import type { QuickSignature } from './quick-signature.js'
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
  const { signer, identity, quick } = route
  const properties: SigningProperties = { ...route.signingProperties }
  const signed = quick ? quickly(quick, request, properties) : await signer.sign(request, identity, properties)
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

interface SigningProperties extends Record<string, unknown> {
  readonly config?: { readonly systemClockOffset?: number }
}

/** With the notes that the SDK's signer takes when it signs, for when its answer tells the server's time. */
function quickly(quick: QuickSignature, request: HttpRequest, properties: SigningProperties): HttpRequest {
  const now = Date.now()
  const offset = properties.config?.systemClockOffset ?? 0
  properties._disableClockSkewCorrection = false
  properties._skipClockSkewSampling = false
  properties._preRequestSystemClockOffset = offset
  properties._requestSentAt = now
  return quick.sign(request, now + offset)
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
