import { styleText } from 'node:util'
import stringWidth from 'string-width'
import { expect, it } from 'vitest'
import { wrapped } from '../../../runtime/terminal.js'

const TEXT = 'note: behind a proxy that ends TLS: app.proxy = true, or responses with a cookie fail'

it('wraps a line between words at the width of a terminal, and indents its further lines', () => {
  expect(wrapped(TEXT, { isTTY: true, columns: 40 })).toBe(
    ['note: behind a proxy that ends TLS:', '  app.proxy = true, or responses with a', '  cookie fail'].join('\n'),
  )
})

it.each([
  ['no terminal', { columns: 40 }],
  ['a terminal without a size', { isTTY: true, columns: 0 }],
  ['a terminal that is wide enough', { isTTY: true, columns: TEXT.length }],
])('leaves the text as it is: %s', (_, screen) => {
  expect(wrapped(TEXT, screen)).toBe(TEXT)
})

it('keeps the indentation of each line, and the space at the end of a question', () => {
  const text = '2 problems:\n  - the first one is long\n\nDelete the table? [y/N] '
  expect(wrapped(text, { isTTY: true, columns: 17 })).toBe(
    ['2 problems:', '  - the first one', '    is long', '', 'Delete the table?', '  [y/N] '].join('\n'),
  )
})

it('indents further lines as the caller says, up to half of the width', () => {
  const line = 'warning  node  a text that is long'
  expect(wrapped(line, { isTTY: true, columns: 24 }, 15)).toBe(
    ['warning  node  a text', '            that is long'].join('\n'),
  )
  expect(wrapped(line, { isTTY: true, columns: 32 }, 15)).toBe(
    ['warning  node  a text that is', `${' '.repeat(15)}long`].join('\n'),
  )
})

it('breaks no word, not even an address that is longer than a line', () => {
  const address = 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html'
  expect(wrapped(`see ${address} for more`, { isTTY: true, columns: 30 })).toBe(`see\n  ${address}\n  for more`)
  expect(wrapped(address, { isTTY: true, columns: 30 })).toBe(address)
})

it('counts two columns for a wide character, and none for a colour', () => {
  const wide = '表 表格 表格 表格 表格'
  const lines = wrapped(wide, { isTTY: true, columns: 10 }).split('\n')
  expect(lines).toEqual(['表 表格', '  表格', '  表格', '  表格'])
  expect(Math.max(...lines.map((line) => stringWidth(line)))).toBeLessThanOrEqual(10)
  const red = styleText('red', 'twelve chars', { validateStream: false })
  expect(wrapped(`${red} more`, { isTTY: true, columns: 17 })).toBe(`${red} more`)
})
