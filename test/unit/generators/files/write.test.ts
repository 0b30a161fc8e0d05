import * as nodeFs from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type FileSystem, writeFiles } from '../../../../generators/files/write.js'
import { application } from '../application.js'
import { memory, ROOT } from '../memory.js'

const FULL = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

/** A file system that becomes full in the middle of a file with this text. */
function fullAt(text: string): FileSystem {
  const writeFileSync: FileSystem['writeFileSync'] = (path, data, options) => {
    const full = data === text
    nodeFs.writeFileSync(path, full ? text.slice(0, 2) : data, options)
    if (full) throw FULL
  }
  return { ...nodeFs, writeFileSync }
}

describe('on a full disk', () => {
  const filesIn = (root: string) => [
    { path: join(root, 'config/deep/a.yml'), text: 'text of a' },
    { path: join(root, 'src/b.yml'), text: 'text of b' },
  ]

  it.each(['text of a', 'text of b'])('nothing is left, not even a folder: no space for the %s', (text) => {
    const { root, files } = application({ 'src/other.ts': '' })
    expect(() => writeFiles(filesIn(root), { fs: fullAt(text) })).toThrow(/\.yml can't be written: ENOSPC/)
    expect(files()).toEqual(['package.json', 'src/other.ts'])
    expect(nodeFs.existsSync(join(root, 'config'))).toBe(false)
  })

  it('an existing file keeps its text', () => {
    const { root, files, read } = application({ 'src/b.yml': 'old' })
    expect(() => writeFiles(filesIn(root), { fs: fullAt('text of b'), overwrite: true })).toThrow('ENOSPC')
    expect(read('src/b.yml')).toBe('old')
    expect(files()).toEqual(['package.json', 'src/b.yml'])
  })

  it('a folder that another program has used in the meantime stays', () => {
    const { root, files } = application()
    const renameSync = () => {
      nodeFs.writeFileSync(join(root, 'config/other.yml'), '')
      throw FULL
    }
    expect(() => writeFiles(filesIn(root), { fs: { ...nodeFs, renameSync }, overwrite: true })).toThrow('ENOSPC')
    expect(files()).toEqual(['config/other.yml', 'package.json'])
  })
})

describe('a file that exists', () => {
  it('keeps its permissions, whatever the umask of the process', () => {
    const { root, read } = application({ 'run.sh': 'old' })
    nodeFs.chmodSync(join(root, 'run.sh'), 0o776)
    writeFiles([{ path: join(root, 'run.sh'), text: 'new' }], { overwrite: true })
    expect(read('run.sh')).toBe('new')
    expect(nodeFs.statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o776)
  })

  it('is written behind its symbolic link, which stays', () => {
    const disk = memory({ 'shared/a.yml': 'old' })
    disk.volume.symlinkSync(`${ROOT}/shared/a.yml`, `${ROOT}/a.yml`)
    writeFiles([{ path: `${ROOT}/a.yml`, text: 'new' }], { fs: disk.fs, overwrite: true })
    expect(disk.read('shared/a.yml')).toBe('new')
    expect(disk.volume.lstatSync(`${ROOT}/a.yml`).isSymbolicLink()).toBe(true)
  })

  it('is written behind a link to another file system', () => {
    const { root, read } = application({ 'shared/a.yml': 'old' })
    nodeFs.symlinkSync(join(root, 'shared/a.yml'), join(root, 'a.yml'))
    const renameSync: FileSystem['renameSync'] = (from, to) => {
      if (dirname(String(from)) !== dirname(String(to))) throw new Error('EXDEV: cross-device link not permitted')
      nodeFs.renameSync(from, to)
    }
    writeFiles([{ path: join(root, 'a.yml'), text: 'new' }], { fs: { ...nodeFs, renameSync }, overwrite: true })
    expect(read('shared/a.yml')).toBe('new')
  })
})

describe('a file that must not be overwritten', () => {
  /** Another program creates the file after the check. */
  const raced = (root: string, linkSync: FileSystem['linkSync']): FileSystem => ({
    ...nodeFs,
    linkSync: (from, to) => {
      nodeFs.writeFileSync(join(root, 'a.yml'), 'of another program')
      linkSync(from, to)
    },
  })
  const unsupported = () => {
    throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' })
  }

  it.each([
    ['with', nodeFs.linkSync],
    ['without', unsupported],
  ])('stays when another program has created it meanwhile, on a file system %s hard links', (_, linkSync) => {
    const { root, files, read } = application()
    const fs = raced(root, linkSync)
    expect(() => writeFiles([{ path: join(root, 'a.yml'), text: 'new' }], { fs })).toThrow(
      /a\.yml exists already and was left as it is; --force overwrites it$/,
    )
    expect(read('a.yml')).toBe('of another program')
    expect(files()).toEqual(['a.yml', 'package.json'])
  })

  it('is written where there are no hard links', () => {
    const { root, files, read } = application()
    writeFiles([{ path: join(root, 'a.yml'), text: 'new' }], { fs: { ...nodeFs, linkSync: unsupported } })
    expect(read('a.yml')).toBe('new')
    expect(files()).toEqual(['a.yml', 'package.json'])
  })
})

it.each([true, false])('when the second file fails, the first is as before: overwrite %s', (overwrite) => {
  const { root, files, read } = application({ 'b.yml': 'old b', ...(overwrite && { 'a.yml': 'old a' }) })
  const before = files()
  const failing =
    (operation: FileSystem['renameSync']): FileSystem['renameSync'] =>
    (from, to) => {
      if (String(to).endsWith('b.yml')) throw FULL
      operation(from, to)
    }
  const fs = { ...nodeFs, linkSync: failing(nodeFs.linkSync), renameSync: failing(nodeFs.renameSync) }
  const planned = ['a', 'b'].map((name) => ({ path: join(root, `${name}.yml`), text: 'new' }))
  expect(() => writeFiles(planned, { fs, overwrite })).toThrow(/b\.yml can't be written: ENOSPC/)
  expect(files()).toEqual(before)
  expect(overwrite && read('a.yml')).toBe(overwrite && 'old a')
})

it('says which file could not be written and why', () => {
  const { fs } = memory({ config: 'a file where a folder is needed' })
  expect(() => writeFiles([{ path: `${ROOT}/config/a.yml`, text: '' }], { fs })).toThrow(
    /\/app\/config\/a\.yml can't be written: .*(EEXIST|ENOTDIR)/,
  )
})
