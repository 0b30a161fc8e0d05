/** A fence of a page whose text comes from a file: the marker stands on the line before the fence. */
export interface Fence {
  /** Line of the marker in the page, from 1. */
  readonly line: number
  /** `docs/snippets/express/server.mjs#sign-in`, as the marker has it. */
  readonly source: string
  /** What the fence shows, without indentation. */
  readonly shown: string
}

const MARKED = /^( *)<!-- ((?:docs\/snippets|examples)\/\S+) -->\n(\1```\w+\n)([\s\S]*?)(^\1```$)/gm

/** Fences of programs, marked or not. */
const PROGRAM = /^ *```(?:[cm]?js|[cm]?ts|jsx|tsx|javascript|typescript)\b/gm

/** The fences of a page that come from files. */
export function markedFences(page: string): Fence[] {
  return [...page.matchAll(MARKED)].map((match) => {
    const [, indent = '', source = '', , shown = ''] = match
    return { line: lineAt(page, match.index), source, shown: outdent(shown, indent.length) }
  })
}

/** The lines of fences with a program, but without a marker. */
export function unmarkedPrograms(page: string): number[] {
  const rest = page.replace(MARKED, (text) => text.replace(/[^\n]/g, ''))
  return [...rest.matchAll(PROGRAM)].map((match) => lineAt(rest, match.index))
}

/**
 * The page with its fences filled.
 *
 * @param programOf returns the text of a source; see {@link programIn}
 */
export function filled(page: string, programOf: (source: string) => string): string {
  return page.replace(MARKED, (_, indent: string, source: string, opening: string, _shown, closing: string) => {
    const lines = programOf(source).replace(/^(?=.)/gm, indent)
    return `${indent}<!-- ${source} -->\n${opening}${lines}${closing}`
  })
}

/**
 * The program that a fence shows: a whole file, or a region of it without indentation. Lines that mark regions are left
 * out.
 *
 * @param region a name, as in `// #region sign-in`; without it, the whole file
 */
export function programIn(file: string, region?: string): string {
  const lines = file.split('\n')
  if (region === undefined) return withoutMarks(lines).join('\n')
  const [first, more] = placesOf(lines, `// #region ${region}`)
  const [last] = placesOf(lines, `// #endregion ${region}`)
  if (first === undefined) throw new Error(`the file has no line "// #region ${region}"`)
  if (more !== undefined) throw new Error(`the file has two lines "// #region ${region}"`)
  if (last === undefined || last < first) throw new Error(`the file has no line "// #endregion ${region}" below it`)
  const inside = withoutMarks(lines.slice(first + 1, last))
  const indents = inside.filter((line) => line !== '').map((line) => line.search(/\S/))
  return `${inside.map((line) => line.slice(Math.min(...indents))).join('\n')}\n`
}

function withoutMarks(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^\s*\/\/ #(end)?region /.test(line))
}

function placesOf(lines: readonly string[], mark: string): number[] {
  return lines.flatMap((line, index) => (line.trim() === mark ? [index] : []))
}

function outdent(text: string, width: number): string {
  return text.replace(new RegExp(`^ {${width}}`, 'gm'), '')
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
