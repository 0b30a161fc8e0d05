import { describe, expect, it } from 'vitest'
import { existingMigrations, migrationName, nextStamp } from '../../../../generators/session-migration/name.js'
import { application } from '../application.js'

describe('the name of a migration', () => {
  it.each([
    ['AddSessions', 'add_sessions'],
    ['addSessions', 'add_sessions'],
    ['add-sessions', 'add_sessions'],
    ['add sessions', 'add_sessions'],
    ['add_sessions', 'add_sessions'],
    ['  Add   Sessions!  ', 'add_sessions'],
    ['HTTPServerSessions', 'http_server_sessions'],
    ['AddV2Sessions', 'add_v2_sessions'],
    ['Sitzungen für Gäste', 'sitzungen_fur_gaste'],
    ['2nd table', '2nd_table'],
  ])('%j becomes %s', (text, name) => {
    expect(migrationName(text)).toEqual({ name })
  })

  it.each(['a/b', 'a\\b', '../x', 'a..b', 'a\u0000b', 'a\nb', 'a\u007f', '', ' ', '_', '!?', '日本', 'x'.repeat(300)])(
    '%j is refused',
    (text) => {
      expect(migrationName(text)).toEqual({ problem: expect.stringContaining('name of a migration') })
    },
  )
})

describe('the time stamp of a migration', () => {
  const now = new Date('2025-03-09T01:02:03.999Z')

  it('is the present second in UTC', () => {
    expect(nextStamp(now, undefined)).toBe('20250309010203')
    expect(nextStamp(now, '20250309010202')).toBe('20250309010203')
  })

  it.each([
    ['20250309010203', '20250309010204'],
    ['20250309010259', '20250309010300'],
    ['20251231235959', '20260101000000'],
    ['20240228235959', '20240229000000'],
    ['20250131999999', '20250204044040'],
  ])('is the next second after a newest migration of %s that is not older: %s', (newest, next) => {
    const stamp = nextStamp(new Date('2024-01-01T00:00:00Z'), newest)
    expect(stamp > newest).toBe(true)
    expect(stamp).toBe(next)
  })

  it('is refused when no later one exists', () => {
    expect(() => nextStamp(now, '99991231235959')).toThrow('rename')
  })
})

describe('the migrations of a folder', () => {
  it('are the files with a stamp of 14 digits, newest first, without declarations and maps', () => {
    const { root } = application({
      'migrations/20250101000000_a.js': '',
      'migrations/20250103000000_c.ts': '',
      'migrations/20250102000000-b.mjs': '',
      'migrations/20260101000000_x.d.ts': '',
      'migrations/20260101000000_x.js.map': '',
      'migrations/202601010000001_y.js': '',
      'migrations/notes.md': '',
    })
    expect(existingMigrations(`${root}/migrations`).map(({ file, name }) => [file, name])).toEqual([
      ['20250103000000_c.ts', 'c'],
      ['20250102000000-b.mjs', 'b'],
      ['20250101000000_a.js', 'a'],
    ])
  })

  it('are empty without a folder, and an error when the folder is a file', () => {
    const { root } = application({ occupied: '' })
    expect(existingMigrations(`${root}/absent`)).toEqual([])
    expect(() => existingMigrations(`${root}/occupied`)).toThrow('ENOTDIR')
  })
})
