import * as nodeFs from 'node:fs'
import { join } from 'node:path'
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
    expect(() => writeFiles(filesIn(root), fullAt(text))).toThrow(/\.yml can't be written: ENOSPC/)
    expect(files()).toEqual(['package.json', 'src/other.ts'])
    expect(nodeFs.existsSync(join(root, 'config'))).toBe(false)
  })

  it('an existing file keeps its text', () => {
    const { root, files, read } = application({ 'src/b.yml': 'old' })
    expect(() => writeFiles(filesIn(root), fullAt('text of b'))).toThrow('ENOSPC')
    expect(read('src/b.yml')).toBe('old')
    expect(files()).toEqual(['package.json', 'src/b.yml'])
  })

  it('a folder that another program has used in the meantime stays', () => {
    const { root, files } = application()
    const renameSync = () => {
      nodeFs.writeFileSync(join(root, 'config/other.yml'), '')
      throw FULL
    }
    expect(() => writeFiles(filesIn(root), { ...nodeFs, renameSync })).toThrow('ENOSPC')
    expect(files()).toEqual(['config/other.yml', 'package.json'])
  })
})

describe('a file that exists', () => {
  it('keeps its permissions, whatever the umask of the process', () => {
    const { root, read } = application({ 'run.sh': 'old' })
    nodeFs.chmodSync(join(root, 'run.sh'), 0o776)
    writeFiles([{ path: join(root, 'run.sh'), text: 'new' }])
    expect(read('run.sh')).toBe('new')
    expect(nodeFs.statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o776)
  })

  it('is written behind its symbolic link, which stays', () => {
    const disk = memory({ 'shared/a.yml': 'old' })
    disk.volume.symlinkSync(`${ROOT}/shared/a.yml`, `${ROOT}/a.yml`)
    writeFiles([{ path: `${ROOT}/a.yml`, text: 'new' }], disk.fs)
    expect(disk.read('shared/a.yml')).toBe('new')
    expect(disk.volume.lstatSync(`${ROOT}/a.yml`).isSymbolicLink()).toBe(true)
  })
})

it('says which file could not be written and why', () => {
  const { fs } = memory({ config: 'a file where a folder is needed' })
  expect(() => writeFiles([{ path: `${ROOT}/config/a.yml`, text: '' }], fs)).toThrow(
    /\/app\/config\/a\.yml can't be written: .*(EEXIST|ENOTDIR)/,
  )
})
