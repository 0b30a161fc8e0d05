import { isHeaderValue } from './header-value.js'

/** The invocation that AWS Lambda's runtime serves at present; `@aws/lambda-invoke-store` finds it at the same place. */
interface InvokeStore {
  getXRayTraceId?(): string | undefined
  getTraceparent?(): string | undefined
  getTracestate?(): string | undefined
  getBaggage?(): string | undefined
}

type Global = typeof globalThis & { awslambda?: { InvokeStore?: InvokeStore } }

/**
 * The headers by which AWS Lambda follows traces and finds functions that call each other in a loop, as the AWS SDK sends
 * them.
 *
 * @returns a function that makes the headers of a request, called in its asynchronous context; undefined outside Lambda.
 * The headers need no signature. Values that a header can't hold are left out.
 */
export function traceHeadersIn(env: NodeJS.ProcessEnv): (() => Record<string, string>) | undefined {
  if (!env.AWS_LAMBDA_FUNCTION_NAME) return undefined
  return () => {
    const store = (globalThis as Global).awslambda?.InvokeStore
    const headers: Record<string, string> = {}
    add(headers, 'x-amzn-trace-id', store?.getXRayTraceId?.() ?? env._X_AMZN_TRACE_ID)
    if (add(headers, 'traceparent', store?.getTraceparent?.())) {
      add(headers, 'tracestate', store?.getTracestate?.())
      add(headers, 'baggage', store?.getBaggage?.())
    }
    return headers
  }
}

function add(headers: Record<string, string>, name: string, value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || !isHeaderValue(value)) return false
  headers[name] = value
  return true
}
