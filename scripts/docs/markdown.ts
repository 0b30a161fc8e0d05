/** A table of GitHub's Markdown. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Plain text, in which `<name>` would else be a tag of HTML. */
export function escaped(text: string): string {
  return text.replaceAll('<', '\\<')
}
