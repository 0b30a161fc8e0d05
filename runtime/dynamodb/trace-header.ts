import { isHeaderValue } from './header-value.js'

/** Holds the trace of the current invocation of a Lambda function. `@aws/lambda-invoke-store` reads the same object. */
interface InvokeStore {
  getXRayTraceId?(): string | undefined
  getTraceparent?(): string | undefined
  getTracestate?(): string | undefined
  getBaggage?(): string | undefined
}

type Global = typeof globalThis & { awslambda?: { InvokeStore?: InvokeStore } }

/**
 * The headers for tracing in AWS Lambda, as the AWS SDK sends them. Lambda also uses them to detect functions that call each
 * other in a loop. Values that a header can't hold are left out.
 *
 * @returns a function that makes the headers; call it in the asynchronous context of the request. undefined outside Lambda
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
