/**
 * The types of options in code. Nothing here runs: `tsc --noEmit` is the test, and fails where a type is not
 * the expected one or an expected error is missing.
 */
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { expectTypeOf } from 'vitest'
import type { OPTIONS } from '../../runtime/configuration/option-table.js'
import type { Logger, OptionName, Options } from '../../runtime/index.js'
import { createUmzug, type UmzugOptions } from '../../runtime/umzug.js'

const credentials = { accessKeyId: 'a', secretAccessKey: 'b' }

const all: Options = {
  credentials,
  profile: 'shop',
  maxAttempts: 2,
  requestHandler: new NodeHttpHandler(),
  logger: console,
  requestTimeout: 1000,
  attemptTimeout: null,
}
const provided: Options = { credentials: async () => ({ ...credentials, sessionToken: 'c' }) }
expectTypeOf(provided).toEqualTypeOf<Options>()

// @ts-expect-error: the secret is missing
const half: Options = { credentials: { accessKeyId: 'a' } }
// @ts-expect-error: settings are no handler
const settings: Options = { requestHandler: { connectionTimeout: 5 } }
// @ts-expect-error: the SDK's loggers have four methods
const progress: Options = { logger: { info() {}, warn() {} } }
expectTypeOf([half, settings, progress]).items.toEqualTypeOf<Options>()

// createUmzug has a logger for its progress. The SDK's logger may be passed too, so that all options can be spread.
expectTypeOf<Logger>().toExtend<NonNullable<UmzugOptions['logger']>>()
createUmzug({ ...all, lockLease: 1000 })
createUmzug(all)
// With a context of its own, both loggers have their place.
createUmzug(all, { lockLease: 1000, logger: { info() {}, warn() {} } })
createUmzug(undefined, { context: { color: 'red' } })
// @ts-expect-error: the lease is no option
createUmzug({ lockLease: 1000 }, {})

type Table = typeof OPTIONS
/** The type of an option as the table has it; undefined where the table can't express it. */
type InTable<N extends OptionName> = Table[N] extends { type: 'choice'; values: readonly (infer V)[] }
  ? V
  : Table[N] extends { type: 'integer' | 'number' }
    ? number
    : Table[N] extends { type: 'boolean' }
      ? boolean
      : Table[N] extends { type: 'map' }
        ? Readonly<Record<string, string>>
        : Table[N] extends { type: 'list' }
          ? readonly string[]
          : Table[N] extends { orList: true }
            ? string | readonly string[]
            : Table[N] extends { type: 'string' | 'path' }
              ? string
              : NonNullable<Options[N]>

// The interface and the table agree on the type of every option.
expectTypeOf<Options>().toEqualTypeOf<{ readonly [N in OptionName]?: InTable<N> | null | undefined }>()
