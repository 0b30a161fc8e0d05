import { DynamoSessionStore } from 'dynamo-session-store/express'

export const store = new DynamoSessionStore({
  onConflict({ base, ours, theirs }) {
    const data = { ...theirs }
    for (const key of Object.keys({ ...base, ...ours })) {
      // Only keys that this request changed. The other request may have changed the rest.
      if (JSON.stringify(ours[key]) !== JSON.stringify(base[key])) data[key] = ours[key]
    }
    return { ...data, cart: [...new Set([theirs.cart ?? [], ours.cart ?? []].flat())] }
  },
})
