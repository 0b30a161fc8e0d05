import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import {
  acquireLock,
  breakLock,
  type LockStore,
  MigrationLockLostError,
} from '../../../../runtime/migrations/storage/lock.js'
import { leaseTime, renewed } from '../../../support/lease-time.js'
import { recordingLogger } from '../../../support/recording-logger.js'
import { onEachStorage } from './storages.js'

/** A lease of its own, in milliseconds, by which its timer is known. */
const lease = 20_000

/** How often somebody who waits for the lock has looked at it. */
function countLooks(lock: LockStore) {
  let count = 0
  const read = lock.read.bind(lock)
  lock.read = () => {
    count += 1
    return read()
  }
  return { lock, looks: () => count }
}

const abandoned = (milliseconds: number) => ({
  holder: 'pid 4711 on build-7',
  since: '2026-01-02T03:04:05.000Z',
  version: randomUUID(),
  lease: milliseconds,
})

onEachStorage(
  'lock',
  (newPlace) => {
    it('is held by one of six at a time, until each had it', async () => {
      const { open } = await newPlace()
      let [holders, most, turns] = [0, 0, 0]
      const contend = async () => {
        const held = await acquireLock(open().lock, { logger: recordingLogger(), lease })
        holders += 1
        most = Math.max(most, holders)
        await sleep(30)
        await held.assertHeld()
        holders -= 1
        turns += 1
        await held.release()
      }
      await Promise.all(Array.from({ length: 6 }, contend))
      expect({ most, turns }).toEqual({ most: 1, turns: 6 })
    })

    it('makes other processes wait, with a line that names its holder and its time', async () => {
      const { open } = await newPlace()
      const logger = recordingLogger()
      const held = await acquireLock(open().lock, { logger, lease })
      const waiting = acquireLock(open().lock, { logger, lease })
      await expect.poll(() => logger.lines.length).toBe(1)
      expect(logger.lines[0]).toMatch(/waiting for the migration lock: pid \d+ on \S+ \(since \d{4}-\d\d-\d\dT.*Z\)/)
      await held.release()
      await (await waiting).release()
      expect(await open().lock.read()).toBeUndefined()
    })

    it('is taken over after the length of its lease without a renewal, and not before', async () => {
      const { open } = await newPlace()
      const logger = recordingLogger()
      expect(await open().lock.write(abandoned(700), undefined)).toBe(true)
      const time = leaseTime(lease)
      const { lock, looks } = countLooks(open().lock)
      let taken = false
      const taking = acquireLock(lock, { logger, lease }).then((held) => {
        taken = true
        return held
      })
      await expect.poll(looks).toBeGreaterThan(2)
      time.pass(699)
      const before = looks()
      await expect.poll(() => taken || looks() > before + 2).toBe(true)
      expect(taken).toBe(false)
      time.pass(1)
      const held = await taking
      expect(logger.warnings).toEqual([
        'took over the migration lock that pid 4711 on build-7 (since 2026-01-02T03:04:05.000Z) had left behind',
      ])
      await held.release()
    })

    it('stays with a holder that works for longer than the lease', async () => {
      const { open } = await newPlace()
      const logger = recordingLogger()
      const time = leaseTime(1_200)
      const held = await acquireLock(open().lock, { logger, lease: 1_200 })
      const { lock, looks } = countLooks(open().lock)
      let taken = false
      const waiting = acquireLock(lock, { logger, lease }).then((other) => {
        taken = true
        return other
      })
      let record = await lock.read()
      for (let passed = 0; passed < 3_600; passed += 400) {
        const before = looks()
        await expect.poll(() => taken || looks() > before + 1).toBe(true)
        expect(taken).toBe(false)
        time.pass(400)
        record = await renewed(lock, record)
      }
      expect(taken).toBe(false)
      await held.assertHeld()
      await held.release()
      await (await waiting).release()
      expect(logger.warnings).toEqual([])
    })

    it('can be freed by another process, which gets the record of the holder; the holder notices', async () => {
      const { open } = await newPlace()
      const logger = recordingLogger()
      const held = await acquireLock(open().lock, { logger, lease })
      const record = await breakLock(open().lock)
      expect(record?.holder).toMatch(`pid ${process.pid} on `)
      expect(await breakLock(open().lock)).toBeUndefined()
      await expect(held.assertHeld()).rejects.toThrow(MigrationLockLostError)
      await expect(held.assertHeld()).rejects.toThrow(/it was freed/)
      await held.release()
    })

    it('is not freed by a process that has lost it to another', async () => {
      const { open } = await newPlace()
      const logger = recordingLogger()
      const first = await acquireLock(open().lock, { logger, lease })
      await breakLock(open().lock)
      const second = await acquireLock(open().lock, { logger, lease })
      await first.release()
      expect(logger.warnings.join()).toMatch(/pid \d+ on .* took the migration lock over/)
      await second.assertHeld()
      await second.release()
    })

    it('refuses to write over a record that has changed', async () => {
      const { lock } = (await newPlace()).open()
      const [first, second, third] = [abandoned(lease), abandoned(lease), abandoned(lease)]
      expect(await lock.write(first, undefined)).toBe(true)
      expect(await lock.write(second, undefined)).toBe(false)
      expect(await lock.write(second, first)).toBe(true)
      expect(await lock.write(third, first)).toBe(false)
      expect(await lock.remove(first)).toBe(false)
      expect(await lock.read()).toEqual(second)
      expect(await lock.remove(second)).toBe(true)
    })
  },
  { lock: true },
)
