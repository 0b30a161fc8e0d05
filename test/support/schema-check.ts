import * as dynamodb from '@aws-sdk/client-dynamodb'
import { NormalizedSchema } from '@smithy/core/schema'

/** The schemas do not have the values of enumerations. The SDK exports them under these names. */
const VALUES: Readonly<Record<string, object>> = {
  AttributeType: dynamodb.ScalarAttributeType,
  BillingMode: dynamodb.BillingMode,
  KeyType: dynamodb.KeyType,
  ProjectionType: dynamodb.ProjectionType,
  SSEType: dynamodb.SSEType,
  TableClass: dynamodb.TableClass,
}

/**
 * Checks the input of a request against the SDK's own schema: unknown and missing members, types, values of enumerations.
 *
 * @returns what is wrong; undefined when nothing is
 */
export function inputProblem(operation: string, input: unknown): string | undefined {
  const schema = (dynamodb as unknown as Record<string, unknown>)[`${operation}Input$`]
  if (schema === undefined) return `there is no operation ${operation}`
  return problemOf(NormalizedSchema.of(schema as never), input, operation)
}

function problemOf(schema: NormalizedSchema, value: unknown, place: string): string | undefined {
  if (schema.isUnionSchema() || schema.isDocumentSchema()) return undefined
  if (schema.isStructSchema()) return structureProblem(schema, value, place)
  if (schema.isListSchema()) {
    if (!Array.isArray(value)) return `${place} must be a list`
    return firstOf(value.map((entry, at) => problemOf(schema.getValueSchema(), entry, `${place}[${at}]`)))
  }
  if (schema.isMapSchema()) {
    if (!isObject(value)) return `${place} must be a map`
    return firstOf(
      Object.entries(value).map(([key, entry]) => problemOf(schema.getValueSchema(), entry, `${place}.${key}`)),
    )
  }
  const wanted = schema.isBooleanSchema() ? 'boolean' : schema.isNumericSchema() ? 'number' : 'string'
  if (typeof value !== wanted) return `${place} must be a ${wanted}, not ${JSON.stringify(value)}`
  const values = VALUES[place.replace(/^.*\./, '')]
  if (values && !Object.values(values).includes(value)) {
    return `${place} must be one of ${Object.values(values).join(', ')}, not ${JSON.stringify(value)}`
  }
  return undefined
}

function structureProblem(schema: NormalizedSchema, value: unknown, place: string): string | undefined {
  if (!isObject(value)) return `${place} must be an object`
  const members = new Map(schema.structIterator())
  const names = [...members.keys()]
  const unknown = Object.keys(value).find((name) => !members.has(name))
  if (unknown !== undefined) return `${place} has no member ${unknown}`
  // The required members are the first ones.
  const required = names.slice(0, Number((schema.getSchema() as readonly unknown[])[6] ?? 0))
  const missing = required.find((name) => value[name] === undefined)
  if (missing !== undefined) return `${place}.${missing} is missing`
  return firstOf(
    Object.entries(value).map(([name, member]) =>
      problemOf(members.get(name) as NormalizedSchema, member, `${place}.${name}`),
    ),
  )
}

function firstOf(problems: readonly (string | undefined)[]): string | undefined {
  return problems.find((problem) => problem !== undefined)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
