import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { jsonSchema } from '../../../runtime/configuration/json-schema.js'
import { readYaml } from '../../../runtime/configuration/yaml-origin.js'

const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(jsonSchema())

describe('the JSON Schema of the configuration file', () => {
  it.each([
    'table_name: visits',
    'table_name: arn:aws:dynamodb:eu-central-1:123456789012:table/visits',
    'max_age: 60',
    'max_age: null',
    'max_age: ${AGE:-60}',
    'raise_errors: "${RAISE:-true}"',
    'tags: { a: b }',
    'tags: ${TAGS:-a=b}',
    'billing_mode: provisioned',
    'index_keys: []',
    'index_keys: [user_id, user.id]',
    'index_keys: ${KEYS:-user_id}',
    'endpoint: http://localhost:8000',
    'request_timeout: 2147483647',
    'max_connections: 5000000000',
    '',
  ])('accepts what the reader accepts: %s', (text) => {
    expect(validate(parse(text))).toBe(true)
    expect(readYaml(text, 'x.yml', {}).problems).toEqual([])
  })

  it.each([
    'table_nam: visits',
    'table_name: 12',
    'table_name: a b c',
    'table_name: arn:aws:dynamodb:eu-central-1:1234:table/visits',
    'table_key: data',
    'max_age: 0',
    'request_timeout: 0',
    'attempt_timeout: 2147483648',
    'connect_timeout: 0.5',
    'max_connections: 0',
    'credentials: { accessKeyId: a, secretAccessKey: b }',
    'profile: shop',
    'max_attempts: 2',
    'max_age: "60"',
    'raise_errors: maybe',
    'tags: [a]',
    'tags: { a: 1 }',
    'billing_mode: free',
    'index_keys: user_id',
    'index_keys: [42]',
    'index_keys: [data]',
    'index_keys: [user..id]',
    'index_keys: [user id]',
    'index_keys: [a, a]',
    `index_keys: [${'x'.repeat(250)}]`,
    `index_keys: [${Array.from({ length: 21 }, (_, index) => `k${index}`)}]`,
    'serializer: marshal',
    'client: x',
    'config_file: x.yml',
    '- a',
  ])('refuses what the reader refuses: %s', (text) => {
    expect(validate(parse(text))).toBe(false)
    expect(readYaml(text, 'x.yml', {}).problems).not.toEqual([])
  })
})
