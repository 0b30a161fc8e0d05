import { expect, it } from 'vitest'
import { sources } from './sources.js'

/** Code that may write to a terminal without `runtime/output.ts`. */
const DIRECT =
  /console\s*[.[]|process\s*\.\s*(?:stdout|stderr|emitWarning)|\b(?:output|screen|stream)\.write\(|\.question\(/

/** Lines that write nothing, or that hostile-texts.test.ts checks. */
const ALLOWED = [
  'export const processTerminal: Terminal = { input: process.stdin, output: process.stderr }',
  'lines.question(wrapped(fitForLine(question), output), (answer) => {',
  "await new Promise((resolve) => process.stdout.write('', resolve))",
  "process.stdout.on('error', (error: NodeJS.ErrnoException) => {",
  'screen: Screen = process.stderr,',
  'screen: Terminal = process.stdout,',
  'info: (line) => print(inLines(line, process.stdout)),',
  'warn: (line) => printAside(inLines(`${WARNING.text} ${line}`, process.stderr), WARNING),',
  'info: (line) => printAside(inLines(line, process.stderr)),',
  'printFailure(error, inLines(`${label} ${messageOf(error)}`, process.stderr), label)',
  'logger.info(options.json ? jsonForOutput(jsonOf(report)) : statsText(report, process.stdout))',
  'export function assumeTerminalWidth(streams: readonly { columns?: number }[] = [process.stdout, process.stderr]): void {',
  'writeOut: (text) => write(process.stdout, text),',
  'writeErr: (text) => write(process.stderr, text),',
  'write(process.stderr, `dynamo-session-store: ${text}\\n`)',
  'writeOverLine(process.stdout, `${shownPath(file.path)}\\n${file.text}`)',
  'writeOverLine(process.stdout, help)',
  'writeOverLine(process.stdout, difference)',
  '{ isTTY = false, columns = 0 }: Screen = process.stderr,',
  'export async function wrappedError(error: unknown, screen: Screen = process.stderr): Promise<unknown> {',
  'const width = (process.stdout.isTTY && process.stdout.columns) || 80',
]

function found(pattern: RegExp, except: readonly string[]): string[] {
  return sources()
    .filter(({ file }) => !except.includes(file))
    .flatMap(({ file, code }) =>
      code
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => pattern.test(line))
        .map((line) => `${file}: ${line}`),
    )
}

it('writes to the terminal in one module only', () => {
  const lines = found(DIRECT, ['runtime/output.ts'])
  expect(lines.filter((line) => !ALLOWED.some((allowed) => line.endsWith(`: ${allowed}`)))).toEqual([])
})

it('has one base class for all errors, which makes messages fit for output', () => {
  expect(found(/extends (?:\w*\.)?(?:Type|Range|Syntax)?Error\b/, [])).toEqual([
    'runtime/errors.ts: export class DynamoSessionError extends Error {',
  ])
})

it('has one error class of a name', () => {
  const names = sources().flatMap(({ code }) =>
    [...code.matchAll(/^(?:export )?class (\w+Error)\b/gm)].map(([, name]) => name),
  )
  expect(names).toContain('LockLostError')
  expect(names).toEqual([...new Set(names)])
})

it('quotes nothing in errors of other classes', () => {
  const plain = sources().flatMap(({ file, code }) =>
    [...code.matchAll(/throw new (?:Type|Range)?Error\(\s*(?:`[^`$]*\$\{(?!fitForLine\()|[a-z])/g)].map(
      ([text]) => `${file}: ${text}`,
    ),
  )
  expect(plain).toEqual([])
})

it('passes only fit texts to the loggers of applications', () => {
  expect(found(/\?\? silentLogger/, [])).toEqual([
    'runtime/migrations/session-umzug.ts: const logger = () => fitLogger(parts.logger ?? ambientLogger() ?? silentLogger)',
    'runtime/table/table-work.ts: this.logger = fitLogger(logger ?? ambientLogger() ?? silentLogger)',
  ])
})
