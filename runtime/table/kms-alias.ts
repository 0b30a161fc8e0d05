import type { TableWork } from './table-work.js'

/** Whether a `kms_key_id` is the name or the ARN of an alias. */
export function isAlias(kmsKeyId: string): boolean {
  return /^(arn:[^/]+:)?alias\//.test(kmsKeyId)
}

/** Whether a `kms_key_id` (a key's id or ARN, no alias) names the key with this ARN. */
export function isSameKey(kmsKeyId: string, arn: string): boolean {
  return kmsKeyId === arn || arn.endsWith(`:key/${kmsKeyId}`)
}

/** The ARN of the key that the alias stands for now. KMS knows it, DynamoDB does not tell. */
export async function keyOfAlias(work: TableWork, alias: string): Promise<string> {
  throw new Error(`${alias} ${work.label}`)
}
