import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { envName } from '../../runtime/configuration/option-table.js'
import { isOfSessions } from '../../runtime/session/item/attributes.js'
import { unpackBytes, unpackData } from '../../runtime/session/item/compression.js'
import { hiddenText, isSealed, open, seal } from '../../runtime/session/item/encryption.js'
import { indexText, LONGEST_VALUE, valueAt } from '../../runtime/session/item/index-attributes.js'
import { type Keyring, keyringOf } from '../../runtime/session/item/keyring.js'
import type { Item } from '../../runtime/session/item/session-record.js'

/** The values of `index_keys` behind their hidden texts. */
const values = new Map<string, string>()

/** The item as an application without encryption stores it, if this vitest project encrypts sessions. */
export function decrypted(item: Item | undefined, key: string): Item | undefined {
  const keyring = keyringOfProject()
  if (!keyring || !item) return item
  const data = item.data && plainData(item.data, key, keyring)
  const shown = (name: string, value: AttributeValue) => {
    if (isOfSessions(name) || value.S === undefined) return value
    const text = values.get(value.S) ?? indexText(valueAt(parsed(data), name), true)
    return text !== undefined && hiddenText(text, name, keyring.first) === value.S ? { S: text } : value
  }
  const attributes = Object.entries(item).map(([name, value]) => [name, shown(name, value)])
  return { ...Object.fromEntries(attributes), ...(data && { data }) }
}

/** The item as this vitest project stores it. Leaves forwarders, and data of other types, unchanged. */
export function encrypted(item: Item, key: string): Item {
  const keyring = keyringOfProject()
  if (!keyring || item.successor) return item
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => {
      if (name === 'data') return [name, hiddenData(value, key)]
      const isIndexed =
        value.S !== undefined && value.S.length <= LONGEST_VALUE && value.S !== key && !isOfSessions(name)
      return [name, isIndexed ? { S: hiddenInIndex(value.S ?? '', name) } : value]
    }),
  )
}

/** The text that stands for a value in an index, in this vitest project. */
export function hiddenInIndex(text: string, attribute: string): string {
  const keyring = keyringOfProject()
  if (!keyring) return text
  const hidden = hiddenText(text, attribute, keyring.first)
  values.set(hidden, text)
  return hidden
}

/** The keys of vitest.config.ts. */
function keyringOfProject(): Keyring | undefined {
  const encryptionKeys = process.env[envName('encryptionKeys')]?.split(',')
  return encryptionKeys && keyringOf({ encryptionKeys })
}

function plainData(value: AttributeValue, key: string, keyring: Keyring): AttributeValue {
  if (!isSealed(value.B) || !Buffer.from(value.B).toString('latin1', 2).startsWith(keyring.first.id)) return value
  const opened = open(value.B, { key, attribute: 'data' }, keyring)
  if ('problem' in opened) return value
  return unpackBytes(opened.text) ? { B: opened.text } : { S: opened.text.toString() }
}

function parsed(data: AttributeValue | undefined): unknown {
  const unpacked = data && unpackData(data)
  try {
    return unpacked && 'text' in unpacked ? JSON.parse(unpacked.text) : undefined
  } catch {
    return undefined
  }
}

/** The attribute `data` as this vitest project stores it. */
export function hiddenData(value: AttributeValue, key: string): AttributeValue {
  const keyring = keyringOfProject()
  const text = value.S ?? value.B
  if (!keyring || text === undefined || isSealed(value.B)) return value
  return { B: seal(text, { key, attribute: 'data' }, keyring) }
}

/** Whether this vitest project encrypts sessions. Tests of Rails' format, and of plain items made by hand, are then skipped. */
export function encryptsByDefault(): boolean {
  return process.env[envName('encryptionKeys')] !== undefined
}
