import { describe, expect, it } from 'vitest'
import { misplacedArgument } from '../../../../generators/plop/arguments.js'

const argv = (line: string) => ['/usr/bin/node', '/app/node_modules/.bin/plop', ...line.split(' ')]

describe('arguments that plop would drop', () => {
  const names = ['name', 'language', 'dir', 'dry-run']
  const check = (line: string) => misplacedArgument(argv(line), 'npx plop session-migration', names)

  it.each([
    ['session-migration --dry-run', '-- --dry-run'],
    ['session-migration --language=ts', '-- --language'],
    ['session-migration --name A -- --dry-run', '-- --name'],
  ])('are refused in: plop %s', (line, hint) => {
    expect(check(line)).toContain(`npx plop session-migration ${hint}`)
  })

  it.each([
    ['session-migration -- Add', 'Add'],
    ['session-migration -- --dry-run=true Add', 'Add'],
    ['session-migration -- --name Add sessions', 'sessions'],
  ])('are refused in: plop %s', (line, text) => {
    expect(check(line)).toContain(`"${text}" must come before "--"`)
  })

  it.each([
    'session-migration',
    'session-migration Add --force --dest a',
    'session-migration Add -- --dir a --dry-run',
    'session-migration -- --name Add --language=ts',
  ])('are not in: plop %s', (line) => {
    expect(check(line)).toBeUndefined()
  })
})
