import diagnostics from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { onTestFinished } from 'vitest'

const TRACED = ['load', 'save', 'touch', 'destroy', 'lock', 'regenerate', 'request']
const PLAIN = ['conflict', 'unread', 'expired-read', 'forged-id', 'evicted', 'lock-lost', 'breaker']
const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']

export type Message = Readonly<Record<string, unknown>>

/** Records the messages of all channels, by their documented names. */
export class Heard {
  /** Each event in its order: `load start`, `conflict`. */
  readonly events: string[] = []
  /** Each message as text, at each event. */
  readonly texts: string[] = []
  readonly #last: { name: string; message: Message }[] = []

  add(name: string, part: string | undefined, message: Message): void {
    this.events.push(part ? `${name} ${part}` : name)
    // A spread leaves the hash out, because a getter of the class computes it.
    const shown = 'sessionIdHash' in message ? { ...message, sessionIdHash: message.sessionIdHash } : { ...message }
    for (const each of [message, shown]) {
      this.texts.push(inspect(each, { depth: null, getters: true, showHidden: true }), JSON.stringify(each))
    }
    if (part === undefined || part === 'asyncEnd') this.#last.push({ name, message: shown })
  }

  /** The messages of a channel, as they were at the end of the work. */
  of(name: string): Message[] {
    return this.#last.filter((each) => each.name === name).map(({ message }) => message)
  }

  clear(): void {
    for (const list of [this.events, this.texts, this.#last]) list.length = 0
  }
}

/** Listens until the end of the test. */
export function listen(names: readonly string[] = [...TRACED, ...PLAIN]): Heard {
  const heard = new Heard()
  const subscribe = (channel: string, name: string, part?: string) => {
    const add = (message: unknown) => heard.add(name, part, message as Message)
    diagnostics.subscribe(channel, add)
    onTestFinished(() => void diagnostics.unsubscribe(channel, add))
  }
  for (const name of names) {
    if (PLAIN.includes(name)) subscribe(`dynamo-session-store:${name}`, name)
    else for (const part of PARTS) subscribe(`tracing:dynamo-session-store:${name}:${part}`, name, part)
  }
  return heard
}
