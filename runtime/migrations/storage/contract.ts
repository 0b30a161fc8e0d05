import type { MigrationParams, UmzugStorage } from 'umzug'
import { withoutExtension } from '../migration-files.js'
import type { LockStore } from './lock.js'

/** What this package's storages offer besides umzug's contract. */
export interface MigrationStorage extends UmzugStorage {
  /** For people: what is printed as the chosen storage. */
  readonly description: string
  /** Where the lock of this storage is kept. */
  readonly lock: LockStore
  /** Closes connections that this storage has opened itself; it can be used again afterwards. */
  close(): Promise<void>
}

/** Whether a storage brings a lock, a description and `close` along: any of umzug's own doesn't. */
export function isMigrationStorage(storage: UmzugStorage): storage is MigrationStorage {
  return ['description', 'lock', 'close'].every((name) => name in storage)
}

/** Compares names without their extension, whatever was stored by another umzug or an earlier version. */
export class StorageWithoutExtensions implements UmzugStorage {
  readonly #storage: UmzugStorage

  constructor(storage: UmzugStorage) {
    this.#storage = storage
  }

  async executed(meta: { context: unknown }): Promise<string[]> {
    const stored = await this.#storage.executed(meta)
    return [...new Set(stored.map(withoutExtension))]
  }

  async logMigration(params: MigrationParams<unknown>): Promise<void> {
    const names = await this.executed(params)
    if (!names.includes(params.name)) await this.#storage.logMigration(params)
  }

  async unlogMigration(params: MigrationParams<unknown>): Promise<void> {
    const stored = await this.#storage.executed(params)
    for (const name of stored.filter((candidate) => withoutExtension(candidate) === params.name)) {
      await this.#storage.unlogMigration({ ...params, name })
    }
  }
}
