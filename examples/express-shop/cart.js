/** Two tabs may change the cart at the same moment. Then both changes count. Of other keys, only our changes are stored. */
export function mergeCarts({ base, ours, theirs }) {
  const data = { ...theirs }
  for (const key of Object.keys({ ...base, ...ours })) {
    if (JSON.stringify(ours[key]) !== JSON.stringify(base[key])) data[key] = ours[key]
  }
  const cart = { ...theirs.cart }
  for (const id of Object.keys({ ...base.cart, ...ours.cart })) {
    change(cart, id, (ours.cart?.[id] ?? 0) - (base.cart?.[id] ?? 0))
  }
  return { ...data, cart }
}

/** Adds pieces of a product, or removes them if `pieces` is negative. */
export function change(cart, id, pieces) {
  const number = (cart[id] ?? 0) + pieces
  if (number > 0) cart[id] = number
  else delete cart[id]
}

export const piecesIn = (cart = {}) => Object.values(cart).reduce((sum, pieces) => sum + pieces, 0)
