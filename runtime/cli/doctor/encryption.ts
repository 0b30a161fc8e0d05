import type { Configuration } from '../../configuration/resolve.js'
import { EncryptionKeyError } from '../../errors.js'
import { isSealed } from '../../session/item/encryption.js'
import { keyringOf, loadKeys } from '../../session/item/keyring.js'
import type { Item } from '../../session/item/session-record.js'
import { readData } from '../../session/item/stored-data.js'
import type { Finding } from './finding.js'

const check = 'encryption'

/** Whether sessions are encrypted, and whether the keys decrypt a sample of them. Shows ids of keys, but no key. */
export async function encryptionFinding(items: readonly Item[], configuration: Configuration): Promise<Finding> {
  if (configuration.deferredProblems.some(({ option }) => option === 'encryptionKeys')) {
    return { level: 'skipped', check, text: "encryption_keys can't be read" }
  }
  try {
    await loadKeys(configuration)
  } catch (error) {
    if (!(error instanceof EncryptionKeyError)) throw error
    return { level: 'error', check, text: error.message }
  }
  const { acceptPlainData, encryption, sources } = configuration
  const keyring = keyringOf(configuration)
  const unknown = countOf(items, (item) => lacksKey(item, configuration))
  if (!keyring) {
    if (unknown === undefined) return { level: 'ok', check, text: 'off' }
    const remedy = 'set encryption_keys; if code sets the option encryption, give its module by --options'
    return { level: 'warning', check, text: `off, but ${unknown} encrypted`, remedy }
  }
  const ids = keyring.all.map(({ id }) => id).join(', ')
  const on = `on, with the keys ${ids} (${encryption ? sources.encryption : sources.encryptionKeys})`
  if (unknown !== undefined) {
    const remedy = 'add their key to the list; if it was removed on purpose, nobody can read these sessions'
    return { level: 'warning', check, text: `${on}, but ${unknown} encrypted with another key`, remedy }
  }
  const plain = countOf(items, ({ data }) => !isSealed(data?.B))
  if (plain === undefined) return { level: 'ok', check, text: on }
  if (acceptPlainData) return { level: 'ok', check, text: `${on}; ${plain} not encrypted yet` }
  const remedy = 'set accept_plain_data: true until all sessions are encrypted'
  return { level: 'warning', check, text: `${on}, but ${plain} not encrypted, and no request reads them`, remedy }
}

/** `2 of 3 sessions in a sample are`. Undefined: none of them. */
function countOf(items: readonly Item[], isCounted: (item: Item) => boolean): string | undefined {
  const count = items.filter(isCounted).length
  return count === 0 ? undefined : `${count} of ${items.length} sessions in a sample are`
}

function lacksKey(item: Item, configuration: Configuration): boolean {
  const key = item[configuration.tableKey]?.S ?? ''
  try {
    if (item.data && isSealed(item.data.B)) readData(item.data, () => key, configuration)
    return false
  } catch (error) {
    if (error instanceof EncryptionKeyError) return true
    throw error
  }
}
