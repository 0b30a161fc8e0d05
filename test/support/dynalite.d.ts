declare module 'dynalite' {
  import type { Server } from 'node:http'
  import type { AddressInfo } from 'node:net'

  interface DynaliteOptions {
    path?: string
    createTableMs?: number
    deleteTableMs?: number
    updateTableMs?: number
    maxItemSizeKb?: number
  }
  /** Listens on a port, never on a socket file. */
  interface DynaliteServer extends Server {
    address(): AddressInfo
  }
  export default function dynalite(options?: DynaliteOptions): DynaliteServer
}
