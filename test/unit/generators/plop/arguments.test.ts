import { describe, expect, it } from 'vitest'
import { assertArgumentsArrive, forceIn } from '../../../../generators/plop/arguments.js'

const argv = (line: string) => ['/usr/bin/node', '/app/node_modules/.bin/plop', ...line.split(' ')]

describe('--force on the command line of plop', () => {
  it.each(['session-config --force', 'session-config -f', '-tf session-config', '--force --dest a session-config'])(
    'is in %s',
    (line) => expect(forceIn(argv(line))).toBe(true),
  )

  it.each(['session-config', 'session-config -- --force', '--dest --force', 'session-config --dest=force'])(
    'is not in %s',
    (line) => expect(forceIn(argv(line))).toBe(false),
  )
})

describe('arguments that plop would drop', () => {
  const names = ['name', 'language', 'dir', 'dry-run']
  const check = (line: string) => () => assertArgumentsArrive(argv(line), 'session-migration', names)

  it.each([
    ['session-migration --dry-run', '-- --dry-run'],
    ['session-migration --language=ts', '-- --language'],
    ['session-migration --name A -- --dry-run', '-- --name'],
  ])('are refused in: plop %s', (line, hint) => {
    expect(check(line)).toThrow(`npx plop session-migration ${hint}`)
  })

  it.each([
    ['session-migration -- Add', 'Add'],
    ['session-migration -- --dry-run=true Add', 'Add'],
    ['session-migration -- --name Add sessions', 'sessions'],
  ])('are refused in: plop %s', (line, text) => {
    expect(check(line)).toThrow(`"${text}" must come before "--"`)
  })

  it.each([
    'session-migration',
    'session-migration Add --force --dest a',
    'session-migration Add -- --dir a --dry-run',
    'session-migration -- --name Add --language=ts',
  ])('are not in: plop %s', (line) => {
    expect(check(line)).not.toThrow()
  })

  it('are not searched in the command line of another program that runs plop', () => {
    const other = ['/usr/bin/node', '/app/scripts/scaffold.js', '--name', 'x']
    expect(() => assertArgumentsArrive(other, 'session-migration', names)).not.toThrow()
  })
})
