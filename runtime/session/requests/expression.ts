import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from '../item/session-record.js'

/** Attributes to set; `undefined` removes one. */
export type Changes = Readonly<Record<string, AttributeValue | undefined>>

/** What must hold of the stored item for a write to happen. */
export interface Condition {
  /** The item is there and is no forwarder (`successor`), or no item is there. Not given: either. */
  readonly exists?: boolean
  /** Attributes that must be exactly this; `undefined`: that must be absent. */
  readonly equals?: Changes
  /** The session's lock must be free, or older than the one, or one of the others. */
  readonly lockFree?: { readonly before: string; readonly or?: AttributeValue | undefined }
}

/** Builds the expressions of one request, with placeholders for all names and values. */
export class Expression {
  /** By placeholder. Complete when all expressions were built. */
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

  /** By placeholder; undefined when there are none, for DynamoDB refuses an empty map. */
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

  /** That an item is a session, or that there is none. */
  noForwarder(): string {
    return `attribute_not_exists(${this.name('successor')})`
  }

  #equal(attribute: string, value: AttributeValue | undefined): string {
    const name = this.name(attribute)
    return value === undefined ? `attribute_not_exists(${name})` : `${name} = ${this.value(value)}`
  }

  value(value: AttributeValue): string {
    const placeholder = `:v${this.#valueCount}`
    this.#valueCount += 1
    this.#values[placeholder] = value
    return placeholder
  }
}
