import type { Options } from '../../configuration/options.js'
import type { SessionSearch } from '../../session/session-search.js'
import type { Closeable } from './closeable.js'

/** A class of stores. The interfaces have the doc comments of its methods. */
export type StoreClass<Base> = new (options?: Options) => Base & SessionSearch & Closeable
