import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { getRetryAfterHint, isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry'
import type { HttpResponse } from './http.js'
import type { LeanRequest } from './lean-request.js'
import type { Metadata, Output } from './route.js'

type Config = DynamoDBClient['config']
type AnyStrategy = Awaited<ReturnType<Config['retryStrategy']>>
type TokenStrategy = Extract<AnyStrategy, { acquireInitialRetryToken: unknown }>
type RetryErrorInfo = Parameters<TokenStrategy['refreshRetryTokenForRetry']>[1]

/** The SDK's strategies are, and those of applications since 2022. */
export function isTokenStrategy(strategy: AnyStrategy): strategy is TokenStrategy {
  return (
    'acquireInitialRetryToken' in strategy && 'refreshRetryTokenForRetry' in strategy && 'recordSuccess' in strategy
  )
}

/**
 * Sends until it succeeds or the client's retry strategy has enough: what `retryMiddleware` of `@smithy/core/retry`
 * does, with the same marks in `$metadata`.
 */
export async function withRetries(
  config: Config,
  strategy: TokenStrategy,
  scope: string,
  abortSignal: AbortSignal | undefined,
  request: LeanRequest,
): Promise<Output> {
  const maxAttempts = await config.maxAttempts()
  const first = strategy.acquireInitialRetryToken(scope)
  let token = await (abortSignal ? unlessAborted(first, abortSignal) : first)
  let attempts = 0
  let totalRetryDelay = 0
  for (;;) {
    let failure: Failure
    try {
      const output = await request.send(attempts + 1, maxAttempts)
      strategy.recordSuccess(token)
      output.$metadata.attempts = attempts + 1
      output.$metadata.totalRetryDelay = totalRetryDelay
      return output
    } catch (error) {
      failure = asError(error)
    }
    try {
      token = await unlessAborted(strategy.refreshRetryTokenForRetry(token, infoOf(failure)), abortSignal)
    } catch (refusal) {
      if (abortSignal?.aborted && (refusal as Error | undefined)?.name === 'AbortError') throw refusal
      failure.$metadata ??= {}
      failure.$metadata.attempts = attempts + 1
      failure.$metadata.totalRetryDelay = totalRetryDelay
      throw failure
    }
    attempts = token.getRetryCount()
    const delay = token.getRetryDelay()
    totalRetryDelay += (token as Logged).$retryLog?.acquisitionDelay ?? 0
    totalRetryDelay += delay
    if (delay > 0) await unlessAborted(new Promise((resolve) => setTimeout(resolve, delay)), abortSignal)
  }
}

type Failure = Error & { $metadata?: Metadata; $response?: HttpResponse }

/** What the SDK's own strategies note about the time that they waited themselves. */
interface Logged {
  readonly $retryLog?: { readonly acquisitionDelay?: number }
}

function asError(error: unknown): Failure {
  if (error instanceof Error) return error
  return error instanceof Object ? Object.assign(new Error(), error) : new Error(String(error))
}

function infoOf(error: Failure): RetryErrorInfo {
  const known = error as Parameters<typeof isThrottlingError>[0]
  const retryAfterHint = getRetryAfterHint(error.$response)
  return { error: known, errorType: typeOf(known), ...(retryAfterHint && { retryAfterHint }) }
}

function typeOf(error: Parameters<typeof isThrottlingError>[0]): RetryErrorInfo['errorType'] {
  if (isThrottlingError(error)) return 'THROTTLING'
  if (isTransientError(error)) return 'TRANSIENT'
  return isServerError(error) ? 'SERVER_ERROR' : 'CLIENT_ERROR'
}

/** Rejects as soon as the signal is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' }))
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
