import type { Kind, Seen } from './history.js'

/** The keys of a session that `set` and `regenerate` set, each once. */
export const KEYS: readonly string[] = Array.from({ length: 60 }, (_, number) => `k${number}`)

/** What a client asks a server for, JSON in the header `x-asked`. */
export interface Asked {
  readonly kind: Kind
  readonly user: string
  /** Milliseconds between loading and changing the session. */
  readonly hold: number
  readonly newLabel?: string | undefined
  readonly change?: readonly [key: string, value: number] | undefined
  readonly register?: number | undefined
}

/** What a server answers, JSON. */
export interface Told {
  readonly seen: Seen | null
  readonly unread?: boolean
  readonly done: boolean
  readonly counted?: number
}

/** What the run tells a server process. */
export type Order = { readonly id: number; readonly offset: number } | { readonly id: number; readonly clean: true }

/** What a server process tells the run. */
export type Report =
  | { readonly event: 'listening'; readonly group: string; readonly cookieName: string; readonly port: number }
  | { readonly event: 'ready' }
  | { readonly event: 'clock'; readonly id: number }
  | { readonly event: 'cleaned'; readonly id: number; readonly deleted?: number; readonly failure?: string }
  | { readonly event: 'conflict'; readonly keys: readonly string[]; readonly cookie: string }
  | { readonly event: 'failure'; readonly text: string }
  | { readonly event: 'crash'; readonly text: string }
