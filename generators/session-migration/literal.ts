import { singleQuoted } from '../files/single-quoted.js'

const WIDTH = 100

/**
 * Options as an object in the code of a migration. A long object has one line for each option.
 *
 * @param options plain data
 * @param spread name of the variable whose options come first; empty: none
 */
export function objectLiteral(options: object, spread = ''): string {
  const members = [...(spread ? [`...${spread}`] : []), ...Object.entries(options).map(memberText)]
  const line = inBraces(members)
  if (line.length <= WIDTH) return line
  return `{\n${members.map((member) => `    ${member},\n`).join('')}  }`
}

function memberText([name, value]: [string, unknown]): string {
  return `${nameText(name)}: ${valueText(value)}`
}

function nameText(name: string): string {
  if (name === '__proto__') return "['__proto__']"
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : singleQuoted(name)
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return singleQuoted(value)
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`
  if (typeof value === 'object' && value !== null) return inBraces(Object.entries(value).map(memberText))
  return String(value)
}

function inBraces(members: readonly string[]): string {
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}
