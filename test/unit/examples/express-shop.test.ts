import { expect, it } from 'vitest'

const { mergeCarts } = await import(new URL('../../../examples/express-shop/cart.js', import.meta.url).href)

it('merges carts, and keeps what another request did to other keys', () => {
  const base = { user_id: 'ada', coupon: 'spring', note: 'old', cart: { mint: 2 } }
  const ours = { ...base, note: 'ours', cart: { mint: 1, assam: 1 } }
  const theirs = { user_id: 'ada', note: 'old', size: 'big', cart: { mint: 3 } }
  expect(mergeCarts({ base, ours, theirs })).toEqual({
    user_id: 'ada',
    note: 'ours',
    size: 'big',
    cart: { mint: 2, assam: 1 },
  })
})
