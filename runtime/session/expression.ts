import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import type { Item } from './session-record.js'

/** Attributes to set; `undefined` removes one. */
export type Changes = Readonly<Record<string, AttributeValue | undefined>>

/** What must hold of the stored item for a write to happen. */
export interface Condition {
  /** The item is there, or is not there. Not given: either. */
  readonly exists?: boolean
  /** Attributes that must be exactly this; `undefined`: that must be absent. */
  readonly equals?: Changes
  /** The session's lock must be free, or older than the one, or one of the others. */
  readonly lockFree?: { readonly before: string; readonly or?: AttributeValue | undefined }
}

/** Builds the expressions of one request, with placeholders for all names and values. */
export class Expression {
  readonly #tableKey: string
  readonly #names = new Map<string, string>()
  readonly #values: AttributeValue[] = []

  constructor(tableKey: string) {
    this.#tableKey = tableKey
  }

  name(attribute: string): string {
    const placeholder = this.#names.get(attribute) ?? `#n${this.#names.size}`
    this.#names.set(attribute, placeholder)
    return placeholder
  }

  update(changes: Changes, keep: readonly string[]): string {
    const set: string[] = []
    const remove: string[] = []
    for (const [attribute, value] of Object.entries(changes)) {
      const name = this.name(attribute)
      if (value === undefined) remove.push(name)
      else if (keep.includes(attribute)) set.push(`${name} = if_not_exists(${name}, ${this.#value(value)})`)
      else set.push(`${name} = ${this.#value(value)}`)
    }
    const clauses = [set.length > 0 && `SET ${set.join(', ')}`, remove.length > 0 && `REMOVE ${remove.join(', ')}`]
    return clauses.filter((clause) => clause !== false).join(' ')
  }

  condition({ exists, equals = {}, lockFree }: Condition): string | undefined {
    const parts: string[] = []
    if (exists !== undefined) parts.push(`attribute_${exists ? 'exists' : 'not_exists'}(${this.name(this.#tableKey)})`)
    for (const [attribute, value] of Object.entries(equals)) parts.push(this.#equal(attribute, value))
    if (lockFree) {
      const lock = this.name('locked_at')
      const free = [`attribute_not_exists(${lock})`, `${lock} < ${this.#value({ S: lockFree.before })}`]
      if (lockFree.or) free.push(`${lock} = ${this.#value(lockFree.or)}`)
      parts.push(`(${free.join(' OR ')})`)
    }
    return parts.length > 0 ? parts.join(' AND ') : undefined
  }

  attributes() {
    const names = [...this.#names].map(([attribute, placeholder]) => [placeholder, attribute])
    const values = this.#values.map((value, index) => [`:v${index}`, value])
    return {
      ExpressionAttributeNames: Object.fromEntries(names) as Record<string, string>,
      ...(values.length > 0 && { ExpressionAttributeValues: Object.fromEntries(values) as Item }),
    }
  }

  #equal(attribute: string, value: AttributeValue | undefined): string {
    const name = this.name(attribute)
    return value === undefined ? `attribute_not_exists(${name})` : `${name} = ${this.#value(value)}`
  }

  #value(value: AttributeValue): string {
    this.#values.push(value)
    return `:v${this.#values.length - 1}`
  }
}
