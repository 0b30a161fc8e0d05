import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Operation } from '../../runtime/dynamodb/operations.js'
import { loadSdk } from '../../runtime/dynamodb/sdk.js'
import { createTable } from '../../runtime/index.js'
import { indexName } from '../../runtime/session/item/index-attributes.js'
import { onEachEngine } from '../support/engines.js'
import { Choices } from '../support/model/choices.js'
import type { Item } from '../support/model/expressions.js'
import { ModelDynamoDB } from '../support/model/model-dynamodb.js'

const KEYS = ['k1', 'k2', 'k3', 'k4']
const NAMES = ['data', 'user', 'updated_at', 'expire_at', 'successor']
/** No empty text: dynalite takes it for absent in some functions. */
const VALUES: readonly Item[string][] = [
  { S: 'ada' },
  { S: '1763832000.5' },
  { S: '{}' },
  { N: '7' },
  { N: '12' },
  { B: Uint8Array.of(1, 2) },
  { L: [{ S: 'ada' }, { N: '7' }] },
]
const RANDOM_OPERATIONS = Number(process.env.RUNS ?? 200)

/** Writes of sessions are proved on the model (logout-is-final.test.ts): it must be like the real ones. */
onEachEngine('the model of DynamoDB', (engine) => {
  const { tableName, ...where } = engine.options()
  let client: DynamoDBClient

  beforeAll(async () => {
    client = engine.client()
    await createTable({ tableName, ...where, indexKeys: ['user'] })
  })
  afterAll(() => client.destroy())

  it('responds to random requests like the engine', async () => {
    const model = new ModelDynamoDB({ itemOnFailure: engine.name !== 'dynalite' })
    const choices = Choices.ofSeed(Number(process.env.SEED ?? 1))
    const seen: Record<string, number> = {}
    for (let n = 0; n < RANDOM_OPERATIONS; n += 1) {
      const { operation, input } = new RandomRequest(choices, tableName).make()
      const Command = (await loadSdk())[`${operation}Command`] as unknown as new (input: object) => never
      const real = await outcomeOf(() => client.send(new Command(input)))
      const modelled = await outcomeOf(async () => model.execute(operation, input as never))
      expect(modelled, `request ${n}: ${operation} ${JSON.stringify(input)}`).toEqual(real)
      const what = `${operation} ${'error' in real ? real.error : 'done'}`
      seen[what] = (seen[what] ?? 0) + 1
    }
    for (const operation of ['UpdateItem', 'DeleteItem', 'PutItem']) {
      expect(seen[`${operation} done`]).toBeGreaterThan(3)
      expect(seen[`${operation} ConditionalCheckFailedException`]).toBeGreaterThan(3)
    }
    expect(seen['UpdateItem ValidationException']).toBeGreaterThan(0)
  })
})

type Outcome = { readonly output: unknown } | { readonly error: string; readonly item: Item | undefined }

/** What a caller may depend on: lists have no order, pages no size. */
async function outcomeOf(send: () => Promise<unknown>): Promise<Outcome> {
  try {
    const { $metadata: _, ConsumedCapacity: __, ...output } = (await send()) as Record<string, unknown>
    const { Items, Responses } = output as { Items?: Item[]; Responses?: Record<string, Item[]> }
    if (Items) return { output: sorted(Items) }
    if (Responses) return { output: Object.values(Responses).map(sorted) }
    return { output: JSON.parse(JSON.stringify(output)) }
  } catch (error) {
    const { name, Item } = error as Error & { Item?: Item }
    return { error: name, item: Item && JSON.parse(JSON.stringify(Item)) }
  }
}

function sorted(items: readonly Item[]): string[] {
  const textOf = (item: Item) => JSON.stringify(Object.entries(item).sort(([one], [other]) => (one < other ? -1 : 1)))
  return items.map(textOf).sort()
}

class RandomRequest {
  readonly #choices: Choices
  readonly #tableName: string
  readonly #names: Record<string, string> = {}
  readonly #values: Item = {}

  constructor(choices: Choices, tableName: string) {
    this.#choices = choices
    this.#tableName = tableName
  }

  make(): { operation: Operation; input: object } {
    const operation = this.#choices.of<Operation>([
      ...(['UpdateItem', 'UpdateItem', 'UpdateItem', 'DeleteItem', 'PutItem'] as const),
      ...(['GetItem', 'BatchGetItem', 'Query', 'Scan'] as const),
    ])
    return { operation, input: { TableName: this.#tableName, ...this.#inputOf(operation), ...this.#placeholders() } }
  }

  #inputOf(operation: Operation): object {
    const Key = { session_id: { S: this.#choices.of(KEYS) } }
    const writing = {
      ...(this.#choices.below(4) > 0 && { ConditionExpression: this.#condition(2) }),
      ...(this.#choices.below(2) === 0 && { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }),
    }
    switch (operation) {
      case 'GetItem':
        return { Key, ConsistentRead: true }
      case 'BatchGetItem':
        return {
          TableName: undefined,
          RequestItems: { [this.#tableName]: { Keys: KEYS.map((key) => ({ session_id: { S: key } })) } },
        }
      case 'PutItem':
        return {
          Item: { ...Key, ...this.#attributes() },
          ...writing,
          ReturnValues: this.#choices.of(['NONE', 'ALL_OLD']),
        }
      case 'DeleteItem':
        return { Key, ...writing, ReturnValues: this.#choices.of(['NONE', 'ALL_OLD']) }
      case 'UpdateItem':
        return {
          ...{ Key, ...writing, UpdateExpression: this.#update() },
          ReturnValues: this.#choices.of(['NONE', 'ALL_OLD', 'ALL_NEW']),
        }
      case 'Query':
        return {
          IndexName: indexName('user'),
          KeyConditionExpression: `${this.#name('user')} = ${this.#value({ S: 'ada' })}`,
          ProjectionExpression: this.#name('session_id'),
        }
      default:
        return {
          ConsistentRead: true,
          ...(this.#choices.below(2) === 0 && { FilterExpression: this.#condition(1) }),
          ...(this.#choices.below(2) === 0 && {
            ProjectionExpression: `${this.#name('session_id')}, ${this.#name('data')}`,
          }),
        }
    }
  }

  #condition(depth: number): string {
    const kind = this.#choices.below(depth === 0 ? 7 : 10)
    const inner = () => this.#condition(depth - 1)
    if (kind === 9) return `NOT ${this.#condition(0)}`
    if (kind === 8) return `(${inner()} OR ${inner()})`
    if (kind === 7) return `${inner()} AND ${inner()}`
    const name = this.#name(this.#choices.of([...NAMES, 'session_id']))
    if (kind === 0) return `attribute_exists(${name})`
    if (kind === 1) return `attribute_not_exists(${name})`
    if (kind === 2)
      return `begins_with(${name}, ${this.#value(this.#choices.of([{ S: 'a' }, { S: '{' }, { S: 'k' }]))})`
    if (kind === 3)
      return `attribute_type(${name}, ${this.#value(this.#choices.of([{ S: 'S' }, { S: 'N' }, { S: 'B' }]))})`
    if (kind === 4) return `size(${this.#name('data')}) < ${this.#value(this.#choices.of([{ N: '3' }, { N: '5' }]))}`
    const comparator = this.#choices.of(['=', '<>', '<', '<=', '>', '>='])
    // dynalite finds no list equal to another.
    return `${name} ${comparator} ${this.#value(this.#choices.of(VALUES.filter(({ L }) => !L)))}`
  }

  #update(): string {
    const changed = NAMES.filter(() => this.#choices.below(2) === 0)
    const removed = changed.filter(() => this.#choices.below(3) === 0)
    const set = changed.filter((name) => !removed.includes(name))
    const assignments = set.map((attribute) => {
      const name = this.#name(attribute)
      const value = this.#value(this.#valueFor(attribute))
      return `${name} = ${this.#choices.below(4) === 0 ? `if_not_exists(${name}, ${value})` : value}`
    })
    const removals = removed.map((attribute) => this.#name(attribute))
    const parts = [
      assignments.length > 0 && `SET ${assignments.join(', ')}`,
      removals.length > 0 && `REMOVE ${removals.join(', ')}`,
    ]
    return parts.filter(Boolean).join(' ') || `SET ${this.#name('data')} = ${this.#value({ S: '{}' })}`
  }

  #attributes(): Item {
    return Object.fromEntries(
      NAMES.filter(() => this.#choices.below(2) === 0).map((name) => [name, this.#valueFor(name)]),
    )
  }

  /** That of an index is text; and dynalite measures numbers and lists otherwise than DynamoDB. */
  #valueFor(name: string): Item[string] {
    if (name === 'data') return this.#choices.of(VALUES.filter(({ S, B }) => S !== undefined || B !== undefined))
    return name === 'user' ? this.#choices.of([{ S: 'ada' }, { S: 'eve' }]) : this.#choices.of(VALUES)
  }

  #name(attribute: string): string {
    const placeholder = `#${attribute}`
    this.#names[placeholder] = attribute
    return placeholder
  }

  #value(value: Item[string]): string {
    const placeholder = `:v${Object.keys(this.#values).length}`
    this.#values[placeholder] = value
    return placeholder
  }

  /** Now and then one more than are used, which is an error. */
  #placeholders(): object {
    if (Object.keys(this.#names).length > 0 && this.#choices.below(20) === 19) this.#name('unused')
    return {
      ...(Object.keys(this.#names).length > 0 && { ExpressionAttributeNames: this.#names }),
      ...(Object.keys(this.#values).length > 0 && { ExpressionAttributeValues: this.#values }),
    }
  }
}
