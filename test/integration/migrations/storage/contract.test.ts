import { Umzug } from 'umzug'
import { expect, it } from 'vitest'
import { onEachStorage, PARAMS } from './storages.js'

onEachStorage('storage', (newPlace) => {
  it('has nothing executed before its first change, and creates nothing to find out', async () => {
    const { open, exists } = await newPlace()
    expect(await open().executed(PARAMS)).toEqual([])
    await open().unlogMigration({ ...PARAMS, name: 'never-run' })
    expect(await open().lock.read()).toBeUndefined()
    expect(await exists()).toBe(false)
    await open().logMigration({ ...PARAMS, name: '1_a' })
    expect(await exists()).toBe(true)
  })

  it('shows at once what another process has logged, sorted', async () => {
    const { open } = await newPlace()
    const [one, other] = [open(), open()]
    await one.logMigration({ ...PARAMS, name: '2_b' })
    await other.logMigration({ ...PARAMS, name: '1_a' })
    expect(await one.executed(PARAMS)).toEqual(['1_a', '2_b'])
    expect(await other.executed(PARAMS)).toEqual(['1_a', '2_b'])
  })

  it('forgets a migration that was reverted, and no other', async () => {
    const storage = (await newPlace()).open()
    await storage.logMigration({ ...PARAMS, name: '1_a' })
    await storage.logMigration({ ...PARAMS, name: '2_b' })
    await storage.unlogMigration({ ...PARAMS, name: '1_a' })
    expect(await storage.executed(PARAMS)).toEqual(['2_b'])
  })

  it("lets a plain Umzug run an executed migration again, with rerun: 'ALLOW'", async () => {
    const { open } = await newPlace()
    const runs: string[] = []
    const migrations = ['1_a', '2_b'].map((name) => ({ name, up: async () => void runs.push(name) }))
    const umzug = new Umzug({ migrations, storage: open(), logger: undefined })
    await umzug.up()
    await umzug.up({ migrations: ['1_a'], rerun: 'ALLOW' })
    expect(runs).toEqual(['1_a', '2_b', '1_a'])
    expect(await open().executed(PARAMS)).toEqual(['1_a', '2_b'])
  })

  it('creates its table once when eight processes need it at the same moment', async () => {
    const { open } = await newPlace()
    const names = Array.from({ length: 8 }, (_, index) => `${index}_migration`)
    await Promise.all(names.map((name) => open().logMigration({ ...PARAMS, name })))
    expect(await open().executed(PARAMS)).toEqual(names)
  })

  it('can be used again after it was closed', async () => {
    const storage = (await newPlace()).open()
    await storage.logMigration({ ...PARAMS, name: '1_a' })
    await storage.close()
    expect(await storage.executed(PARAMS)).toEqual(['1_a'])
    await storage.close()
  })
})
