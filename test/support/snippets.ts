import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const SNIPPETS = join(import.meta.dirname, '../../docs/snippets')

/** The text of a program of the documentation, such as `moving/both-stores.mjs`. */
export function snippetText(path: string): string {
  return readFileSync(join(SNIPPETS, path), 'utf8')
}

/** Loads a program of the documentation. Its imports of this package mean the sources (vitest.config.ts). */
export async function importSnippet<Module>(path: string): Promise<Module> {
  return await import(/* @vite-ignore */ join(SNIPPETS, path))
}
