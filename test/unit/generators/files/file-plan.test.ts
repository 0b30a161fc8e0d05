import { tmpdir } from 'node:os'
import { describe, expect, it, vi } from 'vitest'
import { type FilePlan, refusal, shownPath, writePlan } from '../../../../generators/files/file-plan.js'
import { application } from '../application.js'

/** Files in memory: the disk of the machine has no part in what is written. */
vi.mock('node:fs', async () => {
  const { fs, vol } = await import('memfs')
  vol.mkdirSync(tmpdir(), { recursive: true })
  return { ...fs, default: fs }
})

/** A plan for a file of an application with these files. */
function planned(present: Readonly<Record<string, string>> = {}) {
  const { root, files, read } = application(present)
  const plan: FilePlan = { path: `${root}/config/a.yml`, text: 'new\n', notices: [], next: 'npx umzug up' }
  return { root, plan, files, read }
}

describe('writing a planned file', () => {
  it('creates the folders that are missing', () => {
    const { plan, read } = planned()
    writePlan(plan)
    expect(read('config/a.yml')).toBe('new\n')
  })

  it('is tested without a disk', async () => {
    const { plan } = planned()
    writePlan(plan)
    const disk = await vi.importActual<typeof import('node:fs')>('node:fs')
    expect(disk.existsSync(plan.path)).toBe(false)
  })

  it('leaves an existing file untouched and names it', () => {
    const { plan, read } = planned({ 'config/a.yml': 'old\n' })
    expect(() => writePlan(plan)).toThrow('config/a.yml exists already')
    expect(() => writePlan(plan)).toThrow('--force overwrites it')
    expect(read('config/a.yml')).toBe('old\n')
  })

  it('overwrites an existing file with force', () => {
    const { plan, read } = planned({ 'config/a.yml': 'old old\n' })
    writePlan(plan, { force: true })
    expect(read('config/a.yml')).toBe('new\n')
  })

  it('writes nothing in a dry run and says what the real run would refuse', () => {
    const { plan, files } = planned()
    writePlan(plan, { dryRun: true })
    expect(files()).toEqual(['package.json'])
    expect(refusal(plan, {})).toBeUndefined()
    const { plan: occupied } = planned({ 'config/a.yml': 'old\n' })
    expect(refusal(occupied, {})).toContain('exists already')
    expect(refusal(occupied, { force: true })).toBeUndefined()
  })

  it('refuses a plan in conflict, unless forced', () => {
    const { plan, files } = planned()
    expect(() => writePlan({ ...plan, conflict: 'there is a twin' })).toThrow('there is a twin')
    expect(files()).toEqual(['package.json'])
    writePlan({ ...plan, conflict: 'there is a twin' }, { force: true })
    expect(files()).toContain('config/a.yml')
  })

  it.each(['/app/node_modules/x/config/a.yml', 'C:\\app\\node_modules\\x\\a.yml'])(
    'never writes inside node_modules, not even with force: %s',
    (path) => {
      const { plan, files } = planned()
      expect(() => writePlan({ ...plan, path }, { force: true })).toThrow('inside node_modules')
      expect(() => writePlan({ ...plan, path }, { dryRun: true })).toThrow('--dest')
      expect(files()).toEqual(['package.json'])
    },
  )

  it('writes into a folder whose name only resembles node_modules', () => {
    const { root, plan, files } = planned()
    writePlan({ ...plan, path: `${root}/my_node_modules/a.yml` })
    expect(files()).toContain('my_node_modules/a.yml')
  })

  it('says which file could not be written and why', () => {
    const { plan } = planned({ config: 'a file where a folder is needed' })
    expect(() => writePlan(plan)).toThrow(/^config\/a\.yml can't be written: .*(EEXIST|ENOTDIR)/)
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
