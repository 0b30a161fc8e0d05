import { type Answer, genuine } from './answer.js'
import type { Random } from './random.js'

/** Breaks a promise on purpose, as no store can notice it: so that the checker must. */
export const PROXY_BREAKAGES = [
  'lost-deletes',
  'kept-ids',
  'lost-updates',
  'unconditional',
  'foreign-items',
  'late-repeat',
] as const
export type ProxyBreakage = (typeof PROXY_BREAKAGES)[number]

/** What each breakage does in place of the engine; undefined: nothing to this request. */
export class Breaker {
  readonly #breakage: ProxyBreakage
  readonly #random: Random
  readonly #data: string[] = []

  constructor(breakage: ProxyBreakage, random: Random) {
    this.#breakage = breakage
    this.#random = random
  }

  async handle(operation: string, body: string, ask: (body: string) => Promise<Answer>): Promise<Answer | undefined> {
    const hit = () => this.#random.chance(0.2)
    if (this.#breakage === 'lost-deletes') return operation === 'DeleteItem' && hit() ? genuine({}) : undefined
    if (this.#breakage === 'kept-ids') return leavesId(operation, body) && hit() ? genuine({}) : undefined
    if (operation === 'GetItem' && this.#breakage === 'foreign-items') return this.#foreign(await ask(body))
    if (operation !== 'UpdateItem') return undefined
    const input = JSON.parse(body)
    const isSave = body.includes('\\"label\\"') && /attribute_exists/.test(input.ConditionExpression ?? '')
    if (!isSave) return undefined
    if (this.#breakage === 'lost-updates') return hit() ? genuine({}) : undefined
    if (this.#breakage === 'unconditional') return ask(unconditional(input))
    if (this.#breakage === 'late-repeat' && hit()) {
      const answer = await ask(body)
      setTimeout(() => void ask(unconditional(input)).catch(() => undefined), 150)
      return answer
    }
    return undefined
  }

  /** Another session's data under the key that was asked for. */
  #foreign(answer: Answer): Answer {
    const item = JSON.parse(answer.body.toString())
    const own = item.Item?.data?.S
    if (own === undefined) return answer
    const other = this.#data[this.#random.integer(20)]
    this.#data[this.#random.integer(20)] = own
    if (other === undefined || !this.#random.chance(0.05)) return answer
    item.Item.data.S = other
    return genuine(item)
  }
}

/** The request by which the item under a session's old id ends. */
function leavesId(operation: string, body: string): boolean {
  if (operation === 'DeleteItem') return body.includes('"updated_at"')
  return (
    operation === 'UpdateItem' &&
    body.includes('"successor"') &&
    !body.includes('\\"label\\"') &&
    body.includes(':{"S":"{}"}')
  )
}

function unconditional(input: Record<string, unknown>): string {
  const { ConditionExpression: _, ReturnValuesOnConditionCheckFailure: __, ...rest } = input
  // Names and values that no expression uses are refused.
  const used = String(rest.UpdateExpression)
  const keep = (map: unknown) =>
    Object.fromEntries(Object.entries((map ?? {}) as object).filter(([name]) => new RegExp(`${name}\\b`).test(used)))
  return JSON.stringify({
    ...rest,
    ExpressionAttributeNames: keep(rest.ExpressionAttributeNames),
    ExpressionAttributeValues: keep(rest.ExpressionAttributeValues),
  })
}
