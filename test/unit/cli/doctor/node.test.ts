import { expect, it } from 'vitest'
import { nodeFinding } from '../../../../runtime/cli/doctor/node.js'

it.each(['22.12.0', '24.0.0', '100.0.0'])('Node.js %s is fine', (version) => {
  expect(nodeFinding(version)).toEqual({ level: 'ok', check: 'node', text: version })
})

it('warns once that the AWS SDK leaves Node.js 20, with the remedy', () => {
  expect(nodeFinding('20.19.0')).toEqual({
    level: 'warning',
    check: 'node',
    text: '20.19.0, which versions of the AWS SDK from January 2027 on do not support',
    remedy: 'update Node.js to version 22 or later',
  })
})
