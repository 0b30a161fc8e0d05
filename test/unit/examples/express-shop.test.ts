import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'

const { createBalancer } = await import(new URL('../../../examples/express-shop/balancer.js', import.meta.url).href)
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

it('ends the connection to the browser when the server dies during its response', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('part', () => response.destroy())
  })
  const balancer = createBalancer([await listening(server)])
  const response = await fetch(`http://127.0.0.1:${await listening(balancer)}/`)
  await expect(response.text()).rejects.toThrow('terminated')
})

async function listening(server: Server): Promise<number> {
  onTestFinished(() => {
    server.close()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}
