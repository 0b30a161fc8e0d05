import { expect, it } from 'vitest'
import { takeSharedFlags } from '../../../runtime/cli/shared-flags.js'

it('takes its flags out of a command line, wherever they stand', () => {
  const argv = ['--environment', 'production', 'up', '--config=a=b.yml', '--to', '1_a', '--options', './o.ts']
  expect(takeSharedFlags(argv)).toEqual({
    shared: { environment: 'production', config: 'a=b.yml', options: './o.ts' },
    rest: ['up', '--to', '1_a'],
  })
})

it('leaves flags alone that only begin alike', () => {
  const argv = ['up', '--environments', 'x', '--opt', 'y']
  expect(takeSharedFlags(argv)).toEqual({ shared: {}, rest: argv })
})

it.each([[['up', '--environment']], [['--config', '--to', 'x']], [['--options=']]])('wants a value: %j', (argv) => {
  expect(() => takeSharedFlags(argv)).toThrow(/^--(environment|config|options) needs a value/)
})
