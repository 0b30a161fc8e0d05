import { describe, expect, it } from 'vitest'
import { type CarryOutSettings, carryOut } from '../../../../generators/files/carry-out.js'
import { type PlannedFile, shownPath } from '../../../../generators/files/plan.js'
import { memory, ROOT } from '../memory.js'

const file: PlannedFile = { path: `${ROOT}/config/a.yml`, text: 'new\n' }

/** Carries out a plan of these files in memory. */
async function run(
  files: readonly PlannedFile[],
  { fs }: Pick<ReturnType<typeof memory>, 'fs'>,
  settings: CarryOutSettings = {},
) {
  const outcomes = await carryOut({ files, notices: [], next: [] }, { fs, ...settings })
  return outcomes.map(({ kind }) => kind)
}

describe('writing planned files', () => {
  it('creates the folders that are missing', async () => {
    const disk = memory()
    expect(await run([file], disk)).toEqual(['written'])
    expect(disk.read('config/a.yml')).toBe('new\n')
  })

  it('leaves an existing file untouched and names it', async () => {
    const disk = memory({ 'config/a.yml': 'old\n' })
    await expect(run([file], disk)).rejects.toThrow('/app/config/a.yml exists already')
    await expect(run([file], disk)).rejects.toThrow('--force overwrites it')
    expect(disk.read('config/a.yml')).toBe('old\n')
  })

  it('overwrites an existing file with force, and leaves it with skip', async () => {
    const disk = memory({ 'config/a.yml': 'old old\n' })
    expect(await run([file], disk, { skip: true })).toEqual(['left'])
    expect(disk.read('config/a.yml')).toBe('old old\n')
    expect(await run([file], disk, { force: true })).toEqual(['written'])
    expect(disk.read('config/a.yml')).toBe('new\n')
  })

  it.each(['new\n', 'new\r\n'])('leaves an identical file, even in conflict: %j', async (text) => {
    const disk = memory({ 'config/a.yml': text })
    expect(await run([{ ...file, conflict: 'there is a twin' }], disk)).toEqual(['identical'])
    expect(disk.read('config/a.yml')).toBe(text)
  })

  it('writes nothing in a dry run and says what the real run would do', async () => {
    const disk = memory()
    expect(await run([file], disk, { dryRun: true })).toEqual(['written'])
    expect(disk.files()).toEqual(['package.json'])
    const occupied = memory({ 'config/a.yml': 'old\n' })
    expect(await run([file], occupied, { dryRun: true })).toEqual(['refused'])
    expect(await run([file], occupied, { dryRun: true, force: true })).toEqual(['written'])
    expect(occupied.read('config/a.yml')).toBe('old\n')
  })

  it('refuses a file in conflict, unless forced', async () => {
    const disk = memory()
    await expect(run([{ ...file, conflict: 'there is a twin' }], disk)).rejects.toThrow('there is a twin')
    expect(disk.files()).toEqual(['package.json'])
    await run([{ ...file, conflict: 'there is a twin' }], disk, { force: true })
    expect(disk.files()).toContain('config/a.yml')
  })

  it('writes none of several files when one is refused', async () => {
    const disk = memory({ 'config/a.yml': 'old\n' })
    await expect(run([{ path: `${ROOT}/b.yml`, text: 'b' }, file], disk)).rejects.toThrow('config/a.yml exists already')
    expect(disk.files()).toEqual(['package.json', 'config/a.yml'])
  })

  it.each(['/app/node_modules/x/config/a.yml', 'C:\\app\\node_modules\\x\\a.yml'])(
    'never writes inside node_modules, not even with force: %s',
    async (path) => {
      const disk = memory()
      await expect(run([{ ...file, path }], disk, { force: true })).rejects.toThrow('inside node_modules')
      await expect(run([{ ...file, path }], disk, { dryRun: true })).rejects.toThrow('--dest')
      expect(disk.files()).toEqual(['package.json'])
    },
  )

  it('writes into a folder whose name only resembles node_modules', async () => {
    const disk = memory()
    await run([{ ...file, path: `${ROOT}/my_node_modules/a.yml` }], disk)
    expect(disk.files()).toContain('my_node_modules/a.yml')
  })
})

describe('a path for people', () => {
  it('is relative to the current folder inside of it, absolute outside', () => {
    expect(shownPath('/app/config/a.yml', '/app')).toBe('config/a.yml')
    expect(shownPath('/app', '/app')).toBe('.')
    expect(shownPath('/other/a.yml', '/app')).toBe('/other/a.yml')
    expect(shownPath('/app/..config/a.yml', '/app')).toBe('..config/a.yml')
  })
})
