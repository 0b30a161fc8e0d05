import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { VERSION } from '../../runtime/version.js'

it('is the version of package.json', () => {
  expect(VERSION).toBe(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version)
})
