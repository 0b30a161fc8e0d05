import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Changes, Item } from '../item/session-record.js'

/** Attributes that must be equal, or equal to one of a list; `undefined`: the attribute must be absent. */
export type Equals = Readonly<Record<string, Changes[string] | readonly AttributeValue[]>>

/** What must be true of the stored item for a write to happen. */
export interface Condition {
  /** True: the item is there and is no forwarder (`successor`). False: no item is there. Not given: either. */
  readonly exists?: boolean
  readonly equals?: Equals
  /** The session must be unlocked, or its lock older than `before`, or equal to `or`. */
  readonly lockFree?: { readonly before: string; readonly or?: AttributeValue | undefined }
}

/** Builds the expressions of one request, with placeholders for all names and values. */
export class Expression {
  /** Names by placeholder. Complete when all expressions were built. */
  readonly names: Record<string, string> = {}
  readonly #tableKey: string
  readonly #placeholders = new Map<string, string>()
  readonly #values: Item = {}
  #valueCount = 0

  constructor(tableKey: string) {
    this.#tableKey = tableKey
  }

  name(attribute: string): string {
    const known = this.#placeholders.get(attribute)
    if (known !== undefined) return known
    const placeholder = `#n${this.#placeholders.size}`
    this.#placeholders.set(attribute, placeholder)
    this.names[placeholder] = attribute
    return placeholder
  }

  /** Values by placeholder. Undefined when there are none, because DynamoDB refuses an empty map. */
  get values(): Item | undefined {
    return this.#valueCount > 0 ? this.#values : undefined
  }

  update(changes: Changes, keep: readonly string[]): string {
    let set = ''
    let remove = ''
    for (const [attribute, value] of Object.entries(changes)) {
      const name = this.name(attribute)
      if (value === undefined) {
        remove += `${remove && ', '}${name}`
      } else {
        const operand = this.value(value)
        const kept = keep.includes(attribute)
        set += `${set && ', '}${name} = ${kept ? `if_not_exists(${name}, ${operand})` : operand}`
      }
    }
    return `${set && `SET ${set}`}${set && remove && ' '}${remove && `REMOVE ${remove}`}`
  }

  condition({ exists, equals = {}, lockFree }: Condition): string | undefined {
    const parts: string[] = []
    if (exists !== undefined) parts.push(`attribute_${exists ? 'exists' : 'not_exists'}(${this.name(this.#tableKey)})`)
    if (exists) parts.push(this.noForwarder())
    for (const [attribute, value] of Object.entries(equals)) parts.push(this.#equal(attribute, value))
    if (lockFree) {
      const lock = this.name('locked_at')
      const free = [`attribute_not_exists(${lock})`, `${lock} < ${this.value({ S: lockFree.before })}`]
      if (lockFree.or) free.push(`${lock} = ${this.value(lockFree.or)}`)
      parts.push(`(${free.join(' OR ')})`)
    }
    return parts.length > 0 ? parts.join(' AND ') : undefined
  }

  /** The item is no forwarder, or there is no item. */
  noForwarder(): string {
    return `attribute_not_exists(${this.name('successor')})`
  }

  #equal(attribute: string, value: Equals[string]): string {
    const name = this.name(attribute)
    if (isList(value)) {
      return value.length === 1
        ? this.#equal(attribute, value[0])
        : `${name} IN (${value.map((one) => this.value(one)).join(', ')})`
    }
    return value === undefined ? `attribute_not_exists(${name})` : `${name} = ${this.value(value)}`
  }

  value(value: AttributeValue): string {
    const placeholder = `:v${this.#valueCount}`
    this.#valueCount += 1
    this.#values[placeholder] = value
    return placeholder
  }
}

function isList(value: Equals[string]): value is readonly AttributeValue[] {
  return Array.isArray(value)
}
