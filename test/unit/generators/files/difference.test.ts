import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { differenceOf } from '../../../../generators/files/difference.js'
import { currentFolderWith } from '../../../support/folder.js'

it('shows the changed lines as git does', () => {
  const root = currentFolderWith({ 'a.yml': 'one\ntwo\nthree\n' })
  expect(differenceOf({ path: join(root, 'a.yml'), text: 'one\n2\nthree\n' })).toBe(
    ['--- a/a.yml', '+++ b/a.yml', '@@ -1,3 +1,3 @@', ' one', '-two', '+2', ' three', ''].join('\n'),
  )
})

it('shows nothing of a file that does not exist, or differs only in its line endings', () => {
  const root = currentFolderWith()
  const path = join(root, 'a.yml')
  expect(differenceOf({ path, text: 'one\n' })).toBeUndefined()
  writeFileSync(path, 'one\r\n')
  expect(differenceOf({ path, text: 'one\n' })).toBeUndefined()
})

it('says that a folder is at the path', () => {
  const root = currentFolderWith({ 'a.yml/b': '' })
  expect(() => differenceOf({ path: join(root, 'a.yml'), text: 'one\n' })).toThrow(
    /^a\.yml is a folder: rename or remove the folder$/,
  )
})
