import { describe, expect, it } from 'vitest'
import { type FilePlan, refusal, shownPath, writePlan } from '../../../../generators/files/file-plan.js'
import { memory, ROOT } from '../memory.js'

const plan: FilePlan = { path: `${ROOT}/config/a.yml`, text: 'new\n', notices: [], next: 'npx umzug up' }

describe('writing a planned file', () => {
  it('creates the folders that are missing', () => {
    const { fs, read } = memory()
    writePlan(plan, { fs })
    expect(read('config/a.yml')).toBe('new\n')
  })

  it('leaves an existing file untouched and names it', () => {
    const { fs, read } = memory({ 'config/a.yml': 'old\n' })
    expect(() => writePlan(plan, { fs })).toThrow('/app/config/a.yml exists already')
    expect(() => writePlan(plan, { fs })).toThrow('--force overwrites it')
    expect(read('config/a.yml')).toBe('old\n')
  })

  it('overwrites an existing file with force', () => {
    const { fs, read } = memory({ 'config/a.yml': 'old old\n' })
    writePlan(plan, { fs, force: true })
    expect(read('config/a.yml')).toBe('new\n')
  })

  it('writes nothing in a dry run and says what the real run would refuse', () => {
    const { fs, files } = memory()
    writePlan(plan, { fs, dryRun: true })
    expect(files()).toEqual(['package.json'])
    expect(refusal(plan, { fs })).toBeUndefined()
    const { fs: occupied } = memory({ 'config/a.yml': 'old\n' })
    expect(refusal(plan, { fs: occupied })).toContain('exists already')
    expect(refusal(plan, { fs: occupied, force: true })).toBeUndefined()
  })

  it('refuses a plan in conflict, unless forced', () => {
    const { fs, files } = memory()
    expect(() => writePlan({ ...plan, conflict: 'there is a twin' }, { fs })).toThrow('there is a twin')
    expect(files()).toEqual(['package.json'])
    writePlan({ ...plan, conflict: 'there is a twin' }, { fs, force: true })
    expect(files()).toContain('config/a.yml')
  })

  it.each(['/app/node_modules/x/config/a.yml', 'C:\\app\\node_modules\\x\\a.yml'])(
    'never writes inside node_modules, not even with force: %s',
    (path) => {
      const { fs, files } = memory()
      expect(() => writePlan({ ...plan, path }, { fs, force: true })).toThrow('inside node_modules')
      expect(() => writePlan({ ...plan, path }, { fs, dryRun: true })).toThrow('--dest')
      expect(files()).toEqual(['package.json'])
    },
  )

  it('writes into a folder whose name only resembles node_modules', () => {
    const { fs, files } = memory()
    writePlan({ ...plan, path: `${ROOT}/my_node_modules/a.yml` }, { fs })
    expect(files()).toContain('my_node_modules/a.yml')
  })

  it('says which file could not be written and why', () => {
    const { fs } = memory({ config: 'a file where a folder is needed' })
    expect(() => writePlan(plan, { fs })).toThrow(/\/app\/config\/a\.yml can't be written: .*(EEXIST|ENOTDIR)/)
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
