import { expect, it } from 'vitest'
import { type CarryOutSettings, carryOut } from '../../../../generators/files/carry-out.js'
import type { FileSystem } from '../../../../generators/files/write.js'
import { memory, ROOT } from '../memory.js'

const files = [
  { path: `${ROOT}/config/a.yml`, text: 'text a\n' },
  { path: `${ROOT}/b.yml`, text: 'text b\n', conflict: 'only for writing' },
]

async function undo(disk: ReturnType<typeof memory>, settings: CarryOutSettings = {}) {
  const outcomes = await carryOut({ files, notices: [], next: [] }, { fs: disk.fs, undo: true, ...settings })
  return outcomes.map(({ kind }) => kind)
}

it('removes files that are unchanged, whatever their line endings', async () => {
  const disk = memory({ 'config/a.yml': 'text a\r\n', 'b.yml': 'text b\n', 'config/other.yml': '' })
  expect(await undo(disk)).toEqual(['removed', 'removed'])
  expect(disk.files()).toEqual(['package.json', 'config/other.yml'])
  expect(await undo(disk)).toEqual(['absent', 'absent'])
})

it('removes the folders that are then empty, up to the folder of the application', async () => {
  const only = memory({ 'config/a.yml': 'text a\n' })
  await undo(only)
  expect(only.fs.existsSync(`${ROOT}/config`)).toBe(true)
  for (const others of [{}, { 'config/other.yml': '' }] as Record<string, string>[]) {
    const disk = memory({ 'config/a.yml': 'text a\n', ...others })
    await undo(disk, { root: ROOT })
    expect(disk.fs.existsSync(`${ROOT}/config`)).toBe('config/other.yml' in others)
  }
  const elsewhere = memory({ 'config/a.yml': 'text a\n' })
  await undo(elsewhere, { root: '/app/other' })
  expect(elsewhere.fs.existsSync(`${ROOT}/config`)).toBe(true)
  const alone = memory({ 'b.yml': 'text b\n' })
  alone.volume.rmSync(`${ROOT}/package.json`)
  await undo(alone, { root: ROOT })
  expect(alone.fs.existsSync(ROOT)).toBe(true)
})

it('removes nothing when one file was changed, unless forced or told to skip it', async () => {
  const changed = { 'config/a.yml': 'text a\n', 'b.yml': 'text b\nand mine\n' }
  const disk = memory(changed)
  await expect(undo(disk)).rejects.toThrow('b.yml differs from what the generator writes and was left as it is')
  expect(disk.files()).toHaveLength(3)
  expect(await undo(disk, { skip: true })).toEqual(['removed', 'left'])
  expect(await undo(disk, { force: true })).toEqual(['absent', 'removed'])
  expect(disk.files()).not.toContain('b.yml')
})

it("removes nothing when one file can't be removed", async () => {
  const disk = memory({ 'config/a.yml': 'text a\n', 'b.yml': 'text b\n' })
  const before = disk.files()
  const renameSync: FileSystem['renameSync'] = (from, to) => {
    if (String(from).endsWith('/b.yml')) throw new Error('EACCES: permission denied')
    disk.fs.renameSync(from, to)
  }
  // The methods of memfs are not its own properties.
  const fs = Object.assign(Object.create(disk.fs), { renameSync })
  await expect(undo({ ...disk, fs })).rejects.toThrow("b.yml can't be removed: EACCES")
  expect(disk.files().sort()).toEqual(before.sort())
})

it('keeps a file for a reason, even with force', async () => {
  const disk = memory({ 'config/a.yml': 'text a\n', 'b.yml': 'changed' })
  const keep = async ({ path }: { path: string }) => (path.endsWith('b.yml') ? 'b.yml is in use' : undefined)
  await expect(undo(disk, { keep, force: true })).rejects.toThrow('b.yml is in use')
  expect(disk.files()).toHaveLength(3)
})

it('shows in a dry run what would be removed', async () => {
  const disk = memory({ 'config/a.yml': 'text a\n', 'b.yml': 'changed' })
  expect(await undo(disk, { dryRun: true })).toEqual(['removed', 'refused'])
  expect(disk.files()).toHaveLength(3)
})
