import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { filled, markedFences, programIn, unmarkedPrograms } from '../../../scripts/docs/fences.js'
import { generatedFiles, sourceReader } from '../../../scripts/docs/generated.js'
import { exists, ROOT, userPages } from '../../../scripts/docs/pages.js'
import { sessionFiles } from '../../../scripts/docs/session-files.js'

const PAGES = userPages()

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

describe('the programs of the pages', () => {
  const programOf = sourceReader(sessionFiles())

  it.each(PAGES)('of %s are as their files (npm run docs:write)', (page) => {
    const different = markedFences(read(page)).filter(({ source, shown }) => shown !== programOf(source))
    expect(different.map(({ line, source }) => `${page}:${line} <!-- ${source} -->`)).toEqual([])
  })

  it.each(PAGES)('of %s all come from files', (page) => {
    expect(unmarkedPrograms(read(page)).map((line) => `${page}:${line}`)).toEqual([])
  })
})

it('everything that npm run docs:write writes is written', async () => {
  const different = [...(await generatedFiles())].filter(([path, text]) => !exists(path) || read(path) !== text)
  expect(different.map(([path]) => path)).toEqual([])
})

describe('a page', () => {
  const page = [
    'Text',
    '<!-- docs/snippets/a/b.mjs#in -->',
    '```js',
    'old()',
    '```',
    '- item',
    '',
    '  <!-- examples/shop/c.ts -->',
    '  ```ts',
    '  one()',
    '',
    '  ```',
    '',
    '```ts',
    'unmarked()',
    '```',
    '<!-- policy: runtime -->',
    '```json',
    '```',
  ].join('\n')

  it('has marked fences, also in lists', () => {
    expect(markedFences(page)).toEqual([
      { line: 2, source: 'docs/snippets/a/b.mjs#in', shown: 'old()\n' },
      { line: 8, source: 'examples/shop/c.ts', shown: 'one()\n\n' },
    ])
  })

  it('has programs without a marker', () => {
    expect(unmarkedPrograms(page)).toEqual([14])
  })

  it('is filled with the files, in the indentation of the fence', () => {
    const text = filled(page, (source) => `${source}\n\n  $& end\n`)
    expect(markedFences(text)).toEqual([
      { line: 2, source: 'docs/snippets/a/b.mjs#in', shown: 'docs/snippets/a/b.mjs#in\n\n  $& end\n' },
      { line: 9 + 1, source: 'examples/shop/c.ts', shown: 'examples/shop/c.ts\n\n  $& end\n' },
    ])
    expect(text).toContain('  examples/shop/c.ts\n\n    $& end\n  ```\n')
    expect(unmarkedPrograms(text)).toHaveLength(1)
  })
})

describe('a program', () => {
  const file = [
    'a()',
    '{',
    '  // #region outer',
    '  b()',
    '  // #region inner',
    '    c()',
    '',
    '  // #endregion inner',
    '  // #endregion outer',
    '}',
    '',
  ].join('\n')

  it('is the file without the lines of regions', () => {
    expect(programIn(file)).toBe('a()\n{\n  b()\n    c()\n\n}\n')
  })

  it('is a region without its indentation', () => {
    expect(programIn(file, 'outer')).toBe('b()\n  c()\n\n')
    expect(programIn(file, 'inner')).toBe('c()\n\n')
  })

  it.each([
    ['none', file, 'the file has no line "// #region none"'],
    ['outer', `${file}// #region outer`, 'the file has two lines "// #region outer"'],
    ['open', '// #region open', 'the file has no line "// #endregion open" below it'],
  ])('needs one region of the name: %s', (region, text, message) => {
    expect(() => programIn(text, region)).toThrow(message)
  })
})
