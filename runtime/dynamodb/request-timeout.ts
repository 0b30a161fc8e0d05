import { RequestTimeoutError } from '../errors.js'
import { type Input, isWrite, type Operation, tableOf } from './operations.js'

export function requestTimedOut(operation: Operation, input: Input, milliseconds: number, cause?: unknown): RequestTimeoutError {
  return new RequestTimeoutError(`${operation} ${tableOf(input)} ${milliseconds}`, isWrite(operation), { cause })
}
