/** `reap` calls back for each page and never tells which is the last; so its calls of `destroy` are counted. */
export function reaped(store, expected) {
  return new Promise((resolve, reject) => {
    let deleted = 0
    const { destroy } = store
    store.destroy = (sid, callback) =>
      destroy.call(store, sid, (error) => {
        if (error) reject(error)
        deleted += 1
        if (deleted === expected) resolve(deleted)
        callback(error)
      })
    store.reap((error) => error && reject(error))
  })
}
