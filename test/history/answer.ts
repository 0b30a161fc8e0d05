import { crc32 } from 'node:zlib'

/** A response of DynamoDB, or of something that passes for it. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

export const JSON_TYPE = 'application/x-amz-json-1.0'

export function error(status: number, name: string): Answer {
  return genuine({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'by the fault proxy' }, status)
}

/** As DynamoDB itself answers. */
export function genuine(content: object, status = 200): Answer {
  const body = Buffer.from(JSON.stringify(content))
  return { status, headers: { 'content-type': JSON_TYPE, 'x-amz-crc32': String(crc32(body)) }, body }
}
