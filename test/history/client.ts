import { hashSessionId } from '../../runtime/session/item/session-id.js'
import type { Kind, Operation } from './history.js'
import type { Random } from './random.js'
import { isRefusal, send } from './send.js'
import type { Door, ServerProcess } from './server-process.js'
import { type Asked, KEYS } from './wire.js'
import type { Group, World } from './world.js'

interface Cookie {
  /** As the browser sends it. */
  readonly value: string
  readonly hash: string
  readonly label: string
  readonly group: Group
}

const WAYS = {
  read: 16,
  set: 22,
  increment: 9,
  write: 9,
  burst: 14,
  'burst after a rest': 5,
  regenerate: 6,
  'regenerate beside changes': 5,
  'regenerate twice': 2,
  'regenerate beside logout': 4,
  restart: 2,
  logout: 3,
  'logout beside changes': 3,
  'old cookie': 4,
  wait: 1,
} as const

let labels = 0
let values = 0

/** A user with a browser that keeps the session's cookie, and an attacker with every cookie that it ever had. */
export class Client {
  readonly #number: number
  readonly #name: string
  readonly #world: World
  readonly #random: Random
  #group: Group
  #cookie: Cookie | undefined
  /** Every cookie of the session that was ever given. */
  #known: Cookie[] = []
  #keys = 0
  #registers: number[] = []
  readonly #beside = new Set<Promise<unknown>>()

  constructor(number: number, world: World, random: Random) {
    this.#number = number
    this.#name = `user${number}`
    this.#world = world
    this.#random = random
    this.#group = random.pick(world.groups)
  }

  /** Works until the run is over. */
  async run(): Promise<void> {
    while (!this.#world.isOver()) {
      if (!this.#world.pace.allows(this.#number)) await sleep(100)
      else if (this.#cookie && this.#keys < KEYS.length - 5) await this.#act()
      else await this.#login()
    }
    await Promise.all(this.#beside)
  }

  async #login(): Promise<void> {
    this.#group = this.#random.pick(this.#world.groups)
    this.#known = []
    this.#keys = 0
    this.#registers = []
    this.#cookie = undefined
    labels += 1
    await this.#ask('login', { newLabel: `s${labels}` })
  }

  async #act(): Promise<void> {
    const { without } = this.#world
    const way = this.#random.weighted(WAYS)
    const { regenerate, restart } = this.#group.can
    if (way.includes('regenerate') && (!regenerate || without.has('regenerate'))) return this.#act()
    if (way === 'restart' && !restart) return this.#act()
    if (way.includes('logout') && without.has('logout')) return this.#act()
    const changes = () => Array.from({ length: 1 + this.#random.integer(3) }, () => this.#ask(this.#change()))
    if (way === 'burst after a rest') await sleep(this.#world.maxStale * this.#random.between(0.1, 0.2)) // a touch is due
    if (way === 'burst' || way === 'burst after a rest')
      await Promise.all([...changes(), this.#ask('read'), this.#ask(this.#change())])
    else if (way === 'regenerate beside changes')
      await this.#together([() => this.#ask('regenerate'), ...later(changes)])
    else if (way === 'regenerate twice')
      await this.#together([() => this.#ask('regenerate'), () => this.#ask('regenerate')])
    else if (way === 'regenerate beside logout')
      await this.#together([() => this.#ask('regenerate'), () => this.#logout()])
    else if (way === 'logout beside changes') await this.#together([() => this.#logout(), ...later(changes)])
    else if (way === 'logout') await this.#logout()
    else if (way === 'restart') await this.#restart()
    else if (way === 'old cookie') await this.#tryOld()
    else if (way === 'wait') await this.#wait()
    else await this.#ask(way)
    if (way.includes('logout')) this.#probe()
  }

  /** In any order, and not all in the same moment. */
  async #together(work: readonly (() => Promise<unknown>)[]): Promise<void> {
    await Promise.all(
      work.map(async (one) => {
        if (this.#random.chance(0.6)) await sleep(this.#random.between(0, 40))
        await one()
      }),
    )
  }

  #change(): Kind {
    return this.#random.weighted({ set: 5, increment: 2, write: 2 })
  }

  async #logout(): Promise<void> {
    const { outcome } = await this.#ask('logout')
    if (outcome === 'acknowledged') this.#cookie = undefined
  }

  async #restart(): Promise<void> {
    const old = [...this.#known]
    labels += 1
    const newLabel = `s${labels}`
    await this.#ask('restart', { newLabel })
    if (this.#cookie?.label !== newLabel) return
    for (const cookie of old) this.#inBackground(() => this.#ask('read', {}, cookie))
    this.#known = [this.#cookie]
    this.#keys = 0
    this.#registers = []
  }

  async #tryOld(): Promise<void> {
    const old = this.#known.filter(({ hash }) => hash !== this.#cookie?.hash)
    if (old.length === 0) return
    await this.#ask(
      this.#random.weighted<Kind>({ read: 5, set: 2, logout: this.#world.without.has('logout') ? 0 : 1 }),
      {},
      this.#random.pick(old),
    )
  }

  /** After a logout: no cookie of the session may open it, now and later. */
  #probe(): void {
    for (const cookie of this.#known.slice(-4)) {
      this.#inBackground(() => this.#ask('read', {}, cookie))
      if (this.#random.chance(0.5)) {
        this.#inBackground(async () => {
          await sleep(this.#random.between(50, this.#world.maxStale / 2))
          await this.#ask(this.#random.chance(0.7) ? 'read' : 'set', {}, cookie)
        })
      }
    }
  }

  /** Past the end of the session; others of the group go on meanwhile. */
  async #wait(): Promise<void> {
    const end = performance.now() + this.#world.maxStale * this.#random.between(1.1, 1.9)
    while (performance.now() < end && !this.#world.isOver()) await sleep(50)
    for (const cookie of this.#known) await this.#ask('read', {}, cookie)
  }

  #inBackground(work: () => Promise<unknown>): void {
    const running: Promise<unknown> = work().finally(() => this.#beside.delete(running))
    this.#beside.add(running)
  }

  /** @param stolen another cookie than the browser has now; what the answer gives does not reach the browser */
  async #ask(kind: Kind, more: Pick<Operation, 'newLabel'> = {}, stolen?: Cookie): Promise<Operation> {
    const cookie = stolen ?? this.#cookie
    const random = this.#random
    const asked: Asked = {
      kind,
      user: this.#name,
      hold: random.chance(0.3) ? Math.round(random.between(0, 25)) : 0,
      ...more,
      ...this.#changeOf(kind),
    }
    const group = cookie?.group ?? this.#group
    const [server, door] = await this.#door(group)
    const start = performance.now()
    const answer = await send(this.#world.agent, door, asked, cookie?.value)
    const end = performance.now()
    this.#world.pace.note(end - start)
    const { told, failure } = answer
    const label = more.newLabel ?? cookie?.label ?? ''
    const given = answer.setCookie ? this.#take(answer.setCookie, { label, group }, !stolen) : undefined
    const operation: Operation = {
      id: this.#world.history.length,
      client: this.#name,
      group: group.name,
      locking: group.locking,
      process: server.number,
      kind,
      cookie: cookie?.hash,
      label: cookie?.label,
      ...more,
      change: asked.change,
      register: asked.register,
      start,
      end,
      offset: server.offsetsIn(start, end),
      outcome: told ? (told.done ? 'acknowledged' : 'refused') : isRefusal(failure) ? 'refused' : 'unknown',
      seen: told?.seen,
      unread: told?.unread,
      counted: told?.counted,
      newCookie: given?.hash,
      failure,
    }
    this.#world.history.push(operation)
    const isLost = told?.seen === null && !told.unread && kind !== 'login' && cookie === this.#cookie
    if (isLost && random.chance(0.7)) this.#cookie = undefined
    return operation
  }

  #changeOf(kind: Kind): Pick<Asked, 'change' | 'register'> {
    if (kind === 'set' || (kind === 'regenerate' && this.#random.chance(0.5))) {
      const key = KEYS[this.#keys]
      if (key === undefined) return {}
      this.#keys += 1
      values += 1
      return { change: [key, values] }
    }
    if (kind !== 'write') return {}
    // Now and then a value that it had before: a change that is undone is a change.
    const before = this.#registers.at(-2)
    if (before !== undefined && this.#random.chance(0.3)) return { register: before }
    values += 1
    this.#registers.push(values)
    return { register: values }
  }

  /** As a browser does: the newest one counts. */
  #take(setCookie: string, session: Pick<Cookie, 'label' | 'group'>, isBrowser: boolean): Cookie | undefined {
    const value = setCookie.slice(setCookie.indexOf('=') + 1).split(';')[0] ?? ''
    const isDeleted = value === '' || /expires=Thu, 01 Jan 1970/i.test(setCookie) || /max-age=0/i.test(setCookie)
    if (isDeleted) return undefined
    const hash = hashSessionId(session.group.idOf(decodeURIComponent(value)))
    const cookie = { value, hash, ...session }
    if (isBrowser) this.#cookie = cookie
    if (isBrowser && !this.#known.some((known) => known.hash === hash)) this.#known.push(cookie)
    return cookie
  }

  async #door({ name }: Group): Promise<[ServerProcess, Door]> {
    for (;;) {
      const up = this.#world.servers.filter(({ isUp }) => isUp)
      const server = up.length > 0 ? this.#random.pick(up) : undefined
      const door = server?.doors.get(name)
      if (server && door) return [server, door]
      await sleep(20)
    }
  }
}

function later(changes: () => Promise<unknown>[]): (() => Promise<unknown>)[] {
  return [() => Promise.all(changes())]
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
