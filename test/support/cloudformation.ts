import { type CollectionTag, parse, type ScalarTag, type YAMLSeq } from 'yaml'

type Json = Record<string, unknown>

export interface Template {
  readonly Transform?: string
  readonly Parameters: Readonly<Record<string, { readonly Type: string; readonly Default?: unknown }>>
  readonly Conditions?: Json
  readonly Resources: Readonly<Record<string, Json & { readonly Type: string; readonly Properties: Json }>>
  readonly Outputs?: Json
}

const scalar = (name: string): ScalarTag => ({ tag: `!${name}`, resolve: (text) => ({ [name]: text }) })
const list = (name: string): CollectionTag => ({
  tag: `!${name}`,
  collection: 'seq',
  resolve: (node) => ({ [name]: (node as YAMLSeq).toJSON() }),
})

/** Reads a template in YAML. The short forms of functions become objects: `!Ref A` is `{ Ref: 'A' }`. */
export function readTemplate(text: string): Template {
  return parse(text, { customTags: [...['Ref', 'Sub', 'GetAtt'].map(scalar), ...['Equals', 'If'].map(list)] })
}

/** Pseudo parameters, and the ARN of the table. */
const PLACE: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-central-1',
  'AWS::AccountId': '123456789012',
}

/** The properties of the resources, all functions resolved, parameters with their defaults or with these values. */
export function resolved(template: Template, given: Readonly<Record<string, unknown>> = {}): Record<string, Json> {
  const values: Record<string, unknown> = { ...PLACE }
  for (const [name, { Default }] of Object.entries(template.Parameters)) values[name] = given[name] ?? Default
  values['SessionTable.Arn'] = `arn:aws:dynamodb:eu-central-1:123456789012:table/${values.TableName}`
  const valueNamed = (name: string) => {
    if (name === 'AWS::NoValue') return undefined
    if (!(name in values)) throw new Error(`the template names ${name}, which is nothing`)
    return values[name]
  }
  const resolve = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(resolve)
    if (typeof node !== 'object' || node === null) return node
    const { Ref, Sub, GetAtt, Equals, If } = node as Record<string, never>
    if (Ref !== undefined) return valueNamed(Ref)
    if (GetAtt !== undefined) return valueNamed(GetAtt)
    if (Sub !== undefined) return String(Sub).replace(/\$\{([^}]+)\}/g, (_, name) => String(valueNamed(name)))
    if (Equals !== undefined) return resolve(Equals[0]) === resolve(Equals[1])
    if (If !== undefined) return resolve(resolve(template.Conditions?.[If[0]]) ? If[1] : If[2])
    const entries = Object.entries(node).map(([name, value]) => [name, resolve(value)] as const)
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  }
  return Object.fromEntries(
    Object.entries(template.Resources).map(([name, { Properties }]) => [name, resolve(Properties) as Json]),
  )
}
