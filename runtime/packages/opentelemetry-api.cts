import api = require('@opentelemetry/api')

const { context, metrics, SpanKind, SpanStatusCode, trace } = api
export = { context, metrics, SpanKind, SpanStatusCode, trace }
