import type { Options } from '../../configuration/options.js'
import { FetchStorage } from './fetch-storage.js'
import type { AnyShape, DynamoSessionStorage } from './types.js'

/**
 * Makes a session storage for Remix 3. With `secret_key`, session ids are signed, and a forged id is refused without a
 * request to DynamoDB.
 *
 * @param options see docs/configuration.md. All other options come from ENV, the configuration file and the defaults.
 * @throws {ConfigurationError} if the configuration is wrong. No request is sent.
 * @example
 * ```ts
 * session(createCookie('session', { secrets: [secret] }), createSessionStorage())
 * ```
 */
export function createSessionStorage<Values extends object = AnyShape, Flash extends object = AnyShape>(
  options: Options = {},
): DynamoSessionStorage<Values, Flash> {
  return new FetchStorage(options) as DynamoSessionStorage<Values, Flash>
}
