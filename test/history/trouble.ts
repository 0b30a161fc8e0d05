import type { HistoryProxy } from './proxy.js'
import type { Random } from './random.js'
import type { ServerProcess } from './server-process.js'

interface Parts {
  readonly servers: readonly ServerProcess[]
  readonly proxy: HistoryProxy
  readonly random: Random
  readonly without: ReadonlySet<string>
  isOver(): boolean
}

const SECOND = 1000
const HOUR = 3600 * SECOND

/** Kills, stops and misleads servers, lets them clean, and has times in which much fails; until the run is over. */
export async function makeTrouble(parts: Parts): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {}
  const { random, without, servers } = parts
  const count = (name: string) => {
    counts[name] = (counts[name] ?? 0) + 1
  }
  const forever = async (name: string, least: number, most: number, work: () => Promise<unknown>) => {
    if (without.has(name)) return
    while (!parts.isOver()) {
      await rest(random.between(least, most), parts)
      if (parts.isOver()) return
      count(name)
      await work()
    }
  }
  const anyServer = () => random.pick(servers)

  await Promise.all([
    forever('kill', 3, 9, async () => {
      const server = anyServer()
      await server.kill()
      await rest(random.between(0, 0.5), parts)
      await server.start()
    }),
    forever('stop', 3, 8, () => anyServer().pause(random.between(0.1, 1.8) * SECOND)),
    forever('clock', 2, 6, () => step(anyServer(), random, parts)),
    forever('clean', 2, 5, () => anyServer().clean()),
    forever('burst', 5, 15, async () => {
      parts.proxy.worsen(random.between(5, 20))
      await rest(random.between(0.3, 1.5), parts)
      parts.proxy.worsen(1)
    }),
  ])
  for (const server of servers) if (server.isStepped) await server.step(0)
  return counts
}

/** Forward and back, by seconds or by hours, for a while. */
async function step(server: ServerProcess, random: Random, parts: Parts): Promise<void> {
  const size = random.chance(0.5) ? random.between(1, 20) * SECOND : random.between(0.2, 9) * HOUR
  await server.step(random.chance(0.5) ? size : -size)
  await rest(random.between(0.3, 2.5), parts)
  await server.step(0)
}

async function rest(seconds: number, { isOver }: Parts): Promise<void> {
  const end = performance.now() + seconds * SECOND
  while (!isOver() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(100, Math.max(1, end - performance.now()))))
  }
}
