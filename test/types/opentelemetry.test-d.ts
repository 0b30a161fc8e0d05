/**
 * The types of the entry `dynamo-session-store/opentelemetry`. Nothing here runs: `tsc --noEmit` is the
 * test. It fails when a type is not the expected one, or when an expected error is missing.
 */
import type { Instrumentation } from '@opentelemetry/instrumentation'
import { expectTypeOf } from 'vitest'
import { DynamoSessionInstrumentation } from '../../runtime/opentelemetry.js'

expectTypeOf<DynamoSessionInstrumentation>().toExtend<Instrumentation>()
new DynamoSessionInstrumentation({ enabled: false })
// @ts-expect-error there is no such option
new DynamoSessionInstrumentation({ sampling: 1 })
