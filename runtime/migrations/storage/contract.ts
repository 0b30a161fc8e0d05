import type { MigrationParams, UmzugStorage } from 'umzug'
import { withoutExtension } from '../migration-files.js'
import type { LockStore } from './lock.js'

/** This package's storages: umzug's contract, a lock, a description and `close`. */
export interface MigrationStorage extends UmzugStorage {
  /** The storage as a text for people. */
  readonly description: string
  /** Keeps the lock of this storage. */
  readonly lock: LockStore
  /** Closes the connections that this storage opened itself. The storage can be used again afterwards. */
  close(): Promise<void>
}

/** Whether a storage has a lock, a description and `close`. umzug's own storages have none. */
export function isMigrationStorage(storage: UmzugStorage): storage is MigrationStorage {
  return ['description', 'lock', 'close'].every((name) => name in storage)
}

/** Compares names without their extension. Another umzug or an earlier version may have stored names with one. */
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
