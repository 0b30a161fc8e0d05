import type { Knex } from 'knex'
import type { KnexSource } from './knex-instance.js'
import { asKnex } from './knex-instance.js'

/** A table of a connected database. */
export interface OpenKnexTable {
  /** A new query on the table. Not async: to await a query is to run it. */
  rows(): Knex.QueryBuilder
  exists(): Promise<boolean>
  /** Several processes may call it at the same time. */
  createIfMissing(): Promise<void>
  hasColumn(name: string): Promise<boolean>
  /** Adds a column of text that may be null. Several processes may call it at the same time. */
  addTextColumn(name: string): Promise<void>
}

type Definition = (table: Knex.CreateTableBuilder, knex: Knex) => void

/** A table of an SQL database. knex connects when the table is opened. */
export class KnexTable {
  readonly #source: KnexSource
  readonly #name: string
  readonly #schemaName: string | undefined
  readonly #define: Definition

  constructor(source: KnexSource, name: string, schemaName: string | undefined, define: Definition) {
    this.#source = source
    this.#name = name
    this.#schemaName = schemaName
    this.#define = define
  }

  async open(): Promise<OpenKnexTable> {
    const knex = asKnex((await this.#source.open()).knex)
    const schemaName = this.#schemaName
    const schema = () => (schemaName === undefined ? knex.schema : knex.schema.withSchema(schemaName))
    const exists = async () => await schema().hasTable(this.#name)
    const hasColumn = async (name: string) => await schema().hasColumn(this.#name, name)
    return {
      rows: () => (schemaName === undefined ? knex(this.#name) : knex(this.#name).withSchema(schemaName)),
      exists,
      createIfMissing: async () => {
        if (await exists()) return
        try {
          await schema().createTable(this.#name, (table) => this.#define(table, knex))
        } catch (error) {
          if (!(await exists())) throw error
        }
      },
      hasColumn,
      addTextColumn: async (name) => {
        try {
          await schema().alterTable(this.#name, (table) => void table.text(name))
        } catch (error) {
          if (!(await hasColumn(name))) throw error
        }
      },
    }
  }
}
