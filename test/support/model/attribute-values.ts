import { isDeepStrictEqual } from 'node:util'
import type { AttributeValue } from '@aws-sdk/client-dynamodb'

/** An absent attribute differs from everything, and values of two types have no order. */
export function compare(
  left: AttributeValue | undefined,
  comparator: string,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return comparator === '<>'
  if (comparator === '=') return isSame(left, right)
  if (comparator === '<>') return !isSame(left, right)
  const order = orderOf(left, right)
  if (order === undefined) return false
  if (comparator === '<') return order < 0
  if (comparator === '<=') return order <= 0
  return comparator === '>' ? order > 0 : order >= 0
}

function isSame(left: AttributeValue, right: AttributeValue): boolean {
  if (left.N !== undefined && right.N !== undefined) return Number(left.N) === Number(right.N)
  return isDeepStrictEqual(left, right)
}

function orderOf(left: AttributeValue, right: AttributeValue): number | undefined {
  if (left.N !== undefined && right.N !== undefined) return Number(left.N) - Number(right.N)
  if (left.S !== undefined && right.S !== undefined) return Buffer.compare(Buffer.from(left.S), Buffer.from(right.S))
  if (left.B !== undefined && right.B !== undefined) return Buffer.compare(left.B, right.B)
  return undefined
}

/** As the function `size` has it; undefined where it has none. */
export function sizeOf(value: AttributeValue | undefined): AttributeValue | undefined {
  if (value === undefined) return undefined
  const { S, B, SS, NS, BS, L, M } = value
  if (S !== undefined) return { N: String(Buffer.byteLength(S)) }
  const sized = B ?? SS ?? NS ?? BS ?? L ?? (M && Object.keys(M))
  return sized && { N: String(sized.length) }
}
