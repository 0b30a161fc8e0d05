/** Whether a `kms_key_id` is the name or the ARN of an alias. */
export function isAlias(kmsKeyId: string): boolean {
  return /^(arn:[^/]+:)?alias\//.test(kmsKeyId)
}

/** Whether a `kms_key_id` (a key's id or ARN, no alias) names the key with this ARN. */
export function isSameKey(kmsKeyId: string, arn: string): boolean {
  return kmsKeyId === arn || arn.endsWith(`:key/${kmsKeyId}`)
}
