import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { envName } from '../../runtime/configuration/option-table.js'
import { isOfSessions } from '../../runtime/session/item/attributes.js'
import { hiddenText, isSealed, open, seal } from '../../runtime/session/item/encryption.js'
import { type Keyring, keyringOf } from '../../runtime/session/item/keyring.js'
import type { Item } from '../../runtime/session/item/session-record.js'

/** The values of `index_keys` behind their hidden texts. */
const values = new Map<string, string>()

/** The item as an application without encryption stores it, if this vitest project encrypts sessions. */
export function decrypted(item: Item | undefined, key: string): Item | undefined {
  const keyring = keyringOfProject()
  if (!keyring || !item) return item
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(name, value, key, keyring)]))
}

/** The item as this vitest project stores it. Forwarders and data of no session's type stay as they are. */
export function encrypted(item: Item, key: string): Item {
  const keyring = keyringOfProject()
  if (!keyring || item.successor) return item
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => {
      if (name === 'data') return [name, hiddenData(value, key, keyring)]
      const isIndexed = value.S !== undefined && value.S !== key && !isOfSessions(name)
      return [name, isIndexed ? { S: indexText(value.S ?? '', name) } : value]
    }),
  )
}

/** The text that an index has for a value in this vitest project. */
export function indexText(text: string, attribute: string): string {
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

function plain(name: string, value: AttributeValue, key: string, keyring: Keyring): AttributeValue {
  if (name === 'data' && isSealed(value.B)) {
    const opened = open(value.B, { key, attribute: 'data' }, keyring)
    if ('problem' in opened) return value
    return opened.text[0] === 0x1f || opened.text.toString('latin1', 0, 2) === 'br'
      ? { B: opened.text }
      : { S: opened.text.toString() }
  }
  const text = isOfSessions(name) ? undefined : values.get(value.S ?? '')
  return text === undefined ? value : { S: text }
}

function hiddenData(value: AttributeValue, key: string, keyring: Keyring): AttributeValue {
  const text = value.S ?? value.B
  if (text === undefined || isSealed(value.B)) return value
  return { B: seal(text, { key, attribute: 'data' }, keyring) }
}
