import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

/**
 * Words that were given up, because another word stands for the same thing: docs/architecture.md, "Words". To give up
 * another one, add a line.
 */
const RETIRED: readonly { readonly word: RegExp; readonly instead: string; readonly except?: RegExp }[] = [
  { word: /\bsession[- ]?keeper|keeper\.js\b/i, instead: 'SessionStore' },
  { word: /HeldSession|\bheld session/i, instead: 'RequestSession' },
]

const FOLDERS = ['runtime', 'generators', 'templates', 'docs']

const FILES = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(c?ts|hbs|md)$/.test(name))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
)

/** Each line with the word, after the words that are allowed are taken out. */
function linesWith(word: RegExp, except: RegExp | undefined): string[] {
  return FILES.flatMap((file) =>
    `${file}\n${readFileSync(join(ROOT, file), 'utf8')}`
      .split('\n')
      .map((line, index) => ({
        line: except ? line.replaceAll(except, '') : line,
        place: index === 0 ? file : `${file}:${index}`,
      }))
      .filter(({ line }) => word.test(line))
      .map(({ line, place }) => `${place}: ${line.trim()}`),
  )
}

describe('the words of the house', () => {
  it('are looked for everywhere', () => {
    expect(FILES.length).toBeGreaterThan(150)
  })

  it.each(RETIRED)('$word is given up: $instead', ({ word, except }) => {
    expect(linesWith(word, except)).toEqual([])
  })
})
