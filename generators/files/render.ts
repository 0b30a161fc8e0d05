import { readFileSync } from 'node:fs'
import handlebars from '#handlebars'
import { TEMPLATES } from '../templates-folder.js'

/** Fills a template of `templates/`. A value that `data` lacks is an error. */
export function render(template: string, data: Readonly<Record<string, unknown>>): string {
  const text = readFileSync(new URL(template, TEMPLATES), 'utf8')
  return handlebars.compile(text, { noEscape: true, strict: true })(data)
}
