import { expect, it } from 'vitest'
import { Batches } from '../../../runtime/cleaning/batches.js'
import type { Item } from '../../../runtime/session/item/session-record.js'

/** Batches whose deletions the test ends, by the key of their first item. */
function batchesOf(width: number) {
  const ends = new Map<string, { done: (all: boolean) => void; fail: (error: Error) => void }>()
  const remove = ([first]: readonly Item[]) =>
    new Promise<boolean>((resolve, reject) => {
      ends.set(first?.id?.S ?? '', { done: resolve, fail: reject })
    })
  const batches = new Batches(remove, () => width)
  const of = (id: string) => {
    const end = ends.get(id)
    if (!end) throw new Error(`${id} was not begun`)
    return end
  }
  return { batches, begun: () => [...ends.keys()], of }
}

const batch = (id: string): Item[] => [{ id: { S: id } }]

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

it('runs no more batches at once than the width allows', async () => {
  const { batches, begun, of } = batchesOf(2)
  await batches.add(batch('a'))
  await batches.add(batch('b'))
  const third = batches.add(batch('c'))
  await turn()
  expect(begun()).toEqual(['a', 'b'])
  of('b').done(true)
  await third
  expect(begun()).toEqual(['a', 'b', 'c'])
})

it('tells at the end whether all batches were deleted', async () => {
  const { batches, of } = batchesOf(2)
  await batches.add(batch('a'))
  await batches.add(batch('b'))
  of('a').done(false)
  let complete: boolean | undefined
  const end = batches.end().then((all) => {
    complete = all
  })
  await turn()
  expect(complete).toBeUndefined()
  of('b').done(true)
  await end
  expect(complete).toBe(false)
})

it('throws the failure of an earlier batch, and starts no further batch', async () => {
  const { batches, begun, of } = batchesOf(3)
  await batches.add(batch('a'))
  await batches.add(batch('b'))
  of('a').fail(new Error('refused'))
  await turn()
  await expect(batches.add(batch('c'))).rejects.toThrow('refused')
  expect(begun()).toEqual(['a', 'b'])
  of('b').done(true)
  await expect(batches.end()).rejects.toThrow('refused')
  await batches.settled()
})
