import { expect, it, onTestFinished } from 'vitest'
import { DynamoSessionStore } from '../../../../runtime/express.js'
import { createTable } from '../../../../runtime/table/create-table.js'
import { onEachEngine } from '../../../support/engines.js'
import { type Handle, startApp } from '../../../support/express-app.js'
import { storedKeys } from '../../../support/stored-key.js'
import { readItem } from '../../../support/table.js'

onEachEngine('signing out everywhere in Express', (engine) => {
  it.each(['none', 'optimistic', 'pessimistic'] as const)(
    'is final for running requests and for the request that calls it, with locking %s',
    async (locking) => {
      const options = { ...engine.options(), indexKeys: ['user.id'], locking, touchInterval: 0 }
      await createTable({ ...options, ttl: false })
      const store = new DynamoSessionStore(options)
      let loaded = () => {}
      let goOn = () => {}
      const isLoaded = new Promise<void>((resolve) => {
        loaded = resolve
      })
      const mayGoOn = new Promise<void>((resolve) => {
        goOn = resolve
      })
      const routes: Record<string, Handle> = {
        '/sign-in': (request, response) => {
          Object.assign(request.session, { user: { id: 42 } })
          response.send('signed in')
        },
        '/slow': async (request, response) => {
          loaded()
          await mayGoOn
          Object.assign(request.session, { cart: [1] })
          response.send('saved')
        },
        '/sign-out': async (request, response) => {
          const { user } = request.session as unknown as { user: { id: number } }
          response.send(String(await store.destroyBy('user.id', user.id)))
        },
        '/': (request, response) =>
          void response.send(JSON.stringify((request.session as { user?: unknown }).user ?? null)),
      }
      const [laptop, phone] = [await startApp(routes, { store }), await startApp(routes, { store })]
      onTestFinished(() => Promise.all([laptop.stop(), phone.stop()]).then(() => undefined))
      await laptop.get('/sign-in')
      await phone.get('/sign-in')
      expect((await store.keysBy('user.id', '42')).sort()).toEqual(storedKeys([laptop.id(), phone.id()]))
      const slow = phone.get('/slow')
      await isLoaded
      expect((await laptop.get('/sign-out')).text).toBe('2')
      goOn()
      expect(await slow).toMatchObject({ status: 200, text: 'saved' })
      for (const app of [laptop, phone]) {
        expect(await readItem(engine.client(), options.tableName, app.id())).toBeUndefined()
        expect((await app.get('/')).text).toBe('null')
        expect(app.failures).toEqual([])
      }
    },
  )
})
