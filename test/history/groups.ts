import type { Adapter } from '../support/adapters/adapter.js'
import { expressAdapter } from '../support/adapters/express.js'
import { fastifyAdapter } from '../support/adapters/fastify.js'
import { honoAdapter } from '../support/adapters/hono.js'
import { koaAdapter } from '../support/adapters/koa.js'
import { nodeHttpAdapter } from '../support/adapters/node-http.js'
import { remixAdapter } from '../support/adapters/remix.js'
import type { Locking } from './history.js'
import type { Group } from './world.js'

export const ADAPTERS: readonly Adapter[] = [
  expressAdapter,
  fastifyAdapter,
  koaAdapter,
  remixAdapter,
  nodeHttpAdapter,
  honoAdapter,
]

export const LOCKINGS: readonly Locking[] = ['none', 'optimistic', 'pessimistic']

/** `regenerate()` of Express has no other form than ending one session and beginning another; Fastify has both. */
const CAN = {
  express: { regenerate: false, restart: true },
  fastify: { regenerate: true, restart: true },
} as const

/** @param words of which a group's name must have one; none: all groups */
export function groupsFor({ groups: words }: { readonly groups: readonly string[] }): Group[] {
  const groups = ADAPTERS.flatMap(({ name: adapter, idOf }) =>
    LOCKINGS.map((locking) => {
      const can = CAN[adapter as keyof typeof CAN] ?? { regenerate: true, restart: false }
      return { name: `${adapter}/${locking}`, adapter, locking, idOf, can }
    }),
  )
  return words.length === 0 ? groups : groups.filter(({ name }) => words.some((word) => name.includes(word)))
}
