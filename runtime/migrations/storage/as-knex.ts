import type { Knex } from 'knex'
import type { KnexInstance } from './knex-instance.js'

/** Knex's own type, for use inside functions: declarations that name it would demand knex of every application. */
export function asKnex(knex: KnexInstance): Knex {
  return knex as unknown as Knex
}
