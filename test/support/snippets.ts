/**
 * Runs a program of docs/snippets/ with the sources of this package (vitest.config.ts), and returns its exports.
 *
 * @param path below docs/snippets/
 */
export async function snippet(path: string) {
  return await import(`../../docs/snippets/${path}`)
}
