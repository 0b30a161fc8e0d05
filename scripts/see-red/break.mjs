import { parseSync } from 'vite'

/**
 * Breaks one function of a source, or one constant. The place is found by names, so edits inside the function do no harm.
 *
 * @param {string} source TypeScript
 * @param {string} place `function`, `Class.method`, `Class.#private`, `Class.constructor` or `CONSTANT`
 * @param {string | Record<string, string>} change one of these:
 *
 * - For a constant: its new value.
 * - For a function: statements that run first. They may return, and may change parameters. If they call `original()`,
 *   only this call runs the function's own body.
 * - For a function: values that replace what names mean in its body.
 * @returns {string} the broken source
 */
export function broken(source, place, change) {
  const { start, end, isAsync, isConstant } = find(source, place)
  const put = (text) => `${source.slice(0, start)}${text}${source.slice(end)}`
  if (isConstant) return put(change)
  const body = source.slice(start, end)
  if (typeof change === 'object') {
    const missing = Object.keys(change).find((name) => !new RegExp(`\\b${name}\\b`).test(body))
    if (missing) throw new Error(`${place} does not mention ${missing}.`)
    const declarations = Object.entries(change).map(([name, value]) => `const ${name} = ${value}`)
    return put(`{\n${declarations.join('\n')}\n${body}\n}`)
  }
  if (!change.includes('original()')) return put(`{\n${change}\n${body}\n}`)
  return put(`{\nconst original = ${isAsync ? 'async ' : ''}() => ${body}\n${change}\n}`)
}

/** Declarations by source. One source has many breakages, and parsing takes most of the time. */
const known = new Map()

/** The range of a function's body, braces included, or of a constant's value. */
function find(source, place) {
  const [name, member] = place.split('.')
  if (!known.has(source)) known.set(source, declarationsIn(source))
  const declaration = known.get(source).find(({ id }) => id?.name === name)
  const node = member ? declaration?.body?.body?.find(({ key }) => key && textOf(key) === member) : declaration
  const value = node?.value ?? node?.init ?? node
  const body = value?.body
  if (body?.type === 'BlockStatement') return { start: body.start, end: body.end, isAsync: value.async }
  if (node?.init) return { start: value.start, end: value.end, isConstant: true }
  throw new Error(`There is no function or constant ${place}.`)
}

function declarationsIn(source) {
  const statements = parseSync('source.ts', source).program.body.map((node) => node.declaration ?? node)
  return statements.flatMap((node) => node.declarations ?? node)
}

function textOf(key) {
  return key.type === 'PrivateIdentifier' ? `#${key.name}` : key.name
}
