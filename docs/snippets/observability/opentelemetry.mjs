import { registerInstrumentations } from '@opentelemetry/instrumentation'
import { DynamoSessionInstrumentation } from 'dynamo-session-store/opentelemetry'

/** Ends the instrumentation, for example in a test. */
export const stop = registerInstrumentations({ instrumentations: [new DynamoSessionInstrumentation()] })
