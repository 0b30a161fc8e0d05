import { deepStrictEqual } from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from 'vitest'
import { outputOf, requestJson } from '../../../../runtime/dynamodb/lean/json.js'
import type { Input, Operation } from '../../../../runtime/dynamodb/operations.js'
import { Choices } from '../../../support/model/choices.js'
import { throughSdk } from '../../../support/sdk-codec.js'

const EVERY: Readonly<Record<Operation, true>> = {
  BatchExecuteStatement: true,
  BatchGetItem: true,
  DeleteItem: true,
  GetItem: true,
  PutItem: true,
  Query: true,
  Scan: true,
  UpdateItem: true,
}
const OPERATIONS = Object.keys(EVERY) as Operation[]
const SEEDS = 20

describe('the body of a request', () => {
  it.each(OPERATIONS)("equals the SDK's: %s", async (operation) => {
    let binary = 0
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const values = new Values(Choices.ofSeed(seed), (bytes) => bytes)
      const input = INPUTS[operation](values)
      const { body } = await throughSdk(operation, input as never)
      same(JSON.parse(requestJson(input)), JSON.parse(body))
      binary += values.binary
    }
    expect(binary).toBeGreaterThan(SEEDS / 2)
  })

  it('encodes binary values of legacy parameters as Base64', async () => {
    const Value = { B: Buffer.from('é') }
    const input = {
      TableName: 't',
      Key: { id: { S: 'a' } },
      AttributeUpdates: { a: { Action: 'PUT', Value } },
      Expected: { b: { ComparisonOperator: 'EQ', AttributeValueList: [Value] } },
    } satisfies UpdateItemCommandInput
    const { body } = await throughSdk('UpdateItem', input)
    same(JSON.parse(requestJson(input)), JSON.parse(body))
  })

  it('leaves the input as it is', () => {
    const key = Object.freeze({ id: Object.freeze({ B: Buffer.from('a') }) })
    const input = Object.freeze({ TableName: 't', Key: key, ConsistentRead: undefined })
    expect(requestJson(input)).toBe('{"TableName":"t","Key":{"id":{"B":"YQ=="}}}')
  })

  it('encodes the bytes of another realm', () => {
    const B = runInNewContext('new Uint8Array([1, 2])')
    expect(requestJson({ TableName: 't', Key: { id: { B } } })).toContain('{"B":"AQI="}')
  })

  it('keeps an attribute that is named __proto__', async () => {
    for (const value of [{ S: 'x' }, { B: new Uint8Array([1]) }]) {
      const Item = { ['__proto__']: value, id: { M: { ['__proto__']: value } } } as Record<string, AttributeValue>
      const input = { TableName: 't', Item }
      const { body } = await throughSdk('PutItem', input)
      expect(requestJson(input)).toBe(body)
      expect(requestJson(input).match(/__proto__/g)).toHaveLength(2)
    }
  })
})

describe('the output of a response', () => {
  it.each(OPERATIONS)("equals the SDK's: %s", async (operation) => {
    let binary = 0
    for (let seed = 0; seed < SEEDS; seed += 1) {
      const values = new Values(Choices.ofSeed(seed), (bytes) => Buffer.from(bytes).toString('base64'))
      const text = JSON.stringify({ ...RESPONSES[operation](values), Later: { B: 'AA==' }, Attributes: null })
      same(outputOf(text, JSON.parse(text)), await sdkOutput(operation, text))
      binary += values.binary
    }
    expect(binary).toBeGreaterThan(SEEDS / 2)
  })

  it('holds the parsed members when none is binary', () => {
    const members = JSON.parse('{"Item":{"id":{"S":"\\"B\\":"},"B":{"S":"AA=="}},"Count":0}')
    const output = outputOf<'GetItem'>(JSON.stringify(members), members)
    expect(output.Item).toBe(members.Item)
    expect(output).toStrictEqual({ Item: { id: { S: '"B":' }, B: { S: 'AA==' } }, Count: 0 })
  })

  it.each([{ B: 'AQ==' }, { BS: ['AQ=='] }])('is decoded when a single attribute is binary: %j', async (id) => {
    const text = JSON.stringify({ Item: { id } }, null, 1).replaceAll('":', '" :')
    same(outputOf(text, JSON.parse(text)), await sdkOutput('GetItem', text))
  })

  it('keeps an attribute that is named __proto__, and pollutes no prototype', () => {
    const text = '{"Item":{"__proto__":{"B":"AQ=="},"m":{"M":{"__proto__":{"BS":["AQ=="]}}}},"__proto__":{"Item":{}}}'
    const output = outputOf<'GetItem'>(text, JSON.parse(text))
    const item = output.Item as Record<string, AttributeValue>
    expect(Object.keys(output)).toEqual(['Item'])
    expect(Object.getPrototypeOf(item)).toBe(Object.prototype)
    expect(Object.entries(item)[0]).toStrictEqual(['__proto__', { B: new Uint8Array([1]) }])
    expect(Object.entries(item.m?.M ?? {})).toStrictEqual([['__proto__', { BS: [new Uint8Array([1])] }]])
    expect(({} as { B?: unknown }).B).toBeUndefined()
  })

  it.each(['AA=', 'A', 'A-_=', 'AA==AA==', 'A===', '=AAA', 'A A=', 'AA\n='])(
    'is refused with "%s" as Base64',
    async (B) => {
      const text = JSON.stringify({ Item: { id: { B } } })
      expect(() => outputOf(text, JSON.parse(text))).toThrow(SyntaxError)
      await expect(sdkOutput('GetItem', text)).rejects.toThrow('base64')
    },
  )
})

/** `toStrictEqual` would take an attribute named `constructor` for the class of the item. */
const same: (actual: unknown, expected: unknown) => void = deepStrictEqual

async function sdkOutput<O extends Operation>(operation: O, body: string): Promise<object> {
  const { output } = await throughSdk(
    operation,
    INPUTS[operation](new Values(Choices.ofSeed(1), (bytes) => bytes)) as never,
    {
      body,
    },
  )
  const { $metadata: _, ...members } = await output
  return members
}

/** Random attributes. The caller chooses the form of bytes. */
class Values {
  binary = 0
  readonly #choices: Choices
  readonly #bytes: (bytes: Uint8Array) => unknown

  constructor(choices: Choices, bytes: (bytes: Uint8Array) => unknown) {
    this.#choices = choices
    this.#bytes = bytes
  }

  item(depth = 0): Record<string, AttributeValue> {
    return Object.fromEntries(this.#some(5, () => [this.#choices.of(NAMES), this.attribute(depth)]))
  }

  items(): Record<string, AttributeValue>[] {
    return this.#some(4, () => this.item())
  }

  attribute(depth = 0): AttributeValue {
    const kinds: (() => object)[] = [
      () => ({ S: this.text() }),
      () => ({ N: String(this.#choices.below(1e9) / 7) }),
      () => ({ B: this.#binary() }),
      () => ({ B: this.#binary() }),
      () => ({ B: this.#binary() }),
      () => ({ BS: this.#some(3, () => this.#binary()) }),
      () => ({ SS: this.#some(3, () => this.text()) }),
      () => ({ NS: this.#some(3, () => String(this.#choices.below(100))) }),
      () => ({ BOOL: this.#choices.below(2) === 1 }),
      () => ({ NULL: true }),
      () => ({ M: depth < 4 ? this.item(depth + 1) : {} }),
      () => ({ L: depth < 4 ? this.#some(4, () => this.attribute(depth + 1)) : [] }),
    ]
    return this.#choices.of(kinds)() as AttributeValue
  }

  text(): string {
    return this.#some(4, () => this.#choices.of(TEXTS)).join('')
  }

  flag(): boolean | undefined {
    return this.#choices.of([true, false, undefined])
  }

  number(): number {
    return this.#choices.below(1000)
  }

  names(): Record<string, string> {
    return { '#a': this.text(), '#b': 'B' }
  }

  #binary(): unknown {
    this.binary += 1
    const bytes = Buffer.from(this.#some(70, () => this.#choices.below(256)))
    return this.#bytes(this.#choices.of([bytes, new Uint8Array(bytes), bytes.subarray(1)]))
  }

  #some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.#choices.below(most) }, make)
  }
}

const NAMES = [
  'id',
  'B',
  'BS',
  'M',
  'L',
  'S',
  '',
  'constructor',
  'toString',
  'é',
  '😀',
  '"q"',
  'a\u0000',
  'B":',
  '\ud800',
]
const TEXTS = [
  'a',
  '"B":"AA=="',
  '"BS"',
  '\\',
  '\u0000\u001f\u007f',
  'é€',
  '😀',
  '\ud83d',
  '\ude00',
  '\u2028',
  '</script>',
]

const INPUTS: Readonly<Record<Operation, (values: Values) => Input>> = {
  BatchExecuteStatement: (values) => ({
    Statements: values.items().map((item) => ({
      Statement: values.text(),
      Parameters: Object.values(item),
      ConsistentRead: undefined,
    })),
  }),
  BatchGetItem: (values) => ({
    RequestItems: {
      B: { Keys: values.items(), ConsistentRead: values.flag(), ExpressionAttributeNames: values.names() },
      Keys: { Keys: values.items(), ProjectionExpression: values.text() },
    },
  }),
  DeleteItem: (values) => ({
    TableName: values.text(),
    Key: values.item(),
    ConditionExpression: values.text(),
    ExpressionAttributeValues: values.item(),
  }),
  GetItem: (values) => ({
    TableName: values.text(),
    Key: values.item(),
    ConsistentRead: values.flag(),
    ProjectionExpression: undefined,
    ExpressionAttributeNames: values.names(),
  }),
  PutItem: (values) => ({ TableName: 'B', Item: values.item(), ExpressionAttributeNames: values.names() }),
  Query: (values) => ({
    TableName: 't',
    Limit: values.number(),
    ScanIndexForward: values.flag(),
    ExclusiveStartKey: values.item(),
    ExpressionAttributeValues: values.item(),
  }),
  Scan: (values) => ({
    TableName: 't',
    Segment: values.number(),
    TotalSegments: values.number(),
    ExclusiveStartKey: values.item(),
    ExpressionAttributeValues: values.item(),
  }),
  UpdateItem: (values) => ({
    TableName: 't',
    Key: values.item(),
    UpdateExpression: values.text(),
    ExpressionAttributeValues: values.item(),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }),
}

const CAPACITY = { TableName: 'B', CapacityUnits: 0.5, Table: { CapacityUnits: 1 } }

const write = (values: Values) => ({
  Attributes: values.item(),
  ConsumedCapacity: CAPACITY,
  ItemCollectionMetrics: { ItemCollectionKey: values.item(), SizeEstimateRangeGB: [0, 1] },
})
const page = (values: Values) => ({
  Items: values.items(),
  Count: values.number(),
  ScannedCount: values.number(),
  LastEvaluatedKey: values.item(),
  ConsumedCapacity: CAPACITY,
})

const RESPONSES: Readonly<Record<Operation, (values: Values) => object>> = {
  BatchExecuteStatement: (values) => ({
    Responses: [
      {},
      { TableName: 't', Item: values.item() },
      { Error: { Code: 'DuplicateItem', Message: values.text() } },
      { Error: { Code: 'ConditionalCheckFailed', Item: values.item() } },
    ],
    ConsumedCapacity: [CAPACITY],
  }),
  BatchGetItem: (values) => ({
    Responses: { B: values.items(), BS: values.items(), Items: [] },
    UnprocessedKeys: { B: { Keys: values.items(), ConsistentRead: true }, Item: { Keys: [values.item()] } },
    ConsumedCapacity: [CAPACITY],
  }),
  DeleteItem: write,
  GetItem: (values) => ({ Item: values.item(), ConsumedCapacity: CAPACITY }),
  PutItem: write,
  Query: page,
  Scan: page,
  UpdateItem: write,
}
