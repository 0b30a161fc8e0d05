export { DynamoSessionInstrumentation, type InstrumentationConfig } from './telemetry/instrumentation.js'
