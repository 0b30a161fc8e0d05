import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

/** The sources of the published package, without comments. */
export function sources(): { readonly file: string; readonly code: string }[] {
  const files = ['generators', 'runtime'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  )
  return files.map((file) => ({ file, code: withoutComments(readFileSync(join(ROOT, file), 'utf8')) }))
}

function withoutComments(text: string): string {
  return text.replace(/^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*)$/gm, '')
}

/** Prints with `runtime/output.ts`, or calls a logger. */
const PRINTS = /from '[./]*(?:runtime)?\/output\.js'|(?:[lL]ogger(?:\(\))?|aside)\??\.(?:info|warn)\b/

/** The files that print or log something. */
export function places(): string[] {
  return sources()
    .filter(({ code }) => PRINTS.test(code))
    .map(({ file }) => file)
}
