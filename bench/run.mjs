// npm run bench [-- [--quick] [--check] row …]
// npm run bench -- --chart
//
// Runs each file of bench/rows in a process of its own, prints what it measured, and keeps a full run in
// bench/results.json and docs/performance.svg. --chart measures nothing: it draws docs/performance.svg from
// bench/results.json. How to read it: docs/performance.md.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chartOf } from './support/chart.mjs'
import { judged } from './support/judge.mjs'
import { aboutThisRun } from './support/machine.mjs'
import { prepare } from './support/prepare.mjs'
import { printHead, printRows, printSummary } from './support/print.mjs'
import { rowsInProcess } from './support/row-process.mjs'

const RESULTS = join(import.meta.dirname, 'results.json')
const CHART = join(import.meta.dirname, '../docs/performance.svg')

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

/** @returns {Promise<number>} 1: something could not be measured; with --check also: a goal was missed */
async function main() {
  const { quick, check, chart, chosen, all } = commandLine()
  if (chart) return draw()
  prepare({ log })
  const run = aboutThisRun()
  printHead(run, { quick })
  const rows = []
  const failed = []
  for (const name of chosen) {
    try {
      const measured = await rowsInProcess(name, { quick, log: (text) => log(`${name}: ${text}`) })
      rows.push(...measured.map(judged))
    } catch (error) {
      failed.push(name)
      console.error(`${name}: ${error.message}`)
    }
  }
  log()
  printRows(rows)
  printSummary(rows, failed)
  if (failed.length === 0 && chosen.length === all.length && !quick) {
    writeFileSync(RESULTS, textOf({ ...run, rows }))
    writeFileSync(CHART, chartOf({ ...run, rows }))
    console.log('Written: bench/results.json and docs/performance.svg')
  } else {
    console.log(
      'bench/results.json and docs/performance.svg are left as they are: only a full run without errors writes them',
    )
  }
  return failed.length > 0 || (check && rows.some((row) => row.met === false)) ? 1 : 0
}

/** Draws the chart from the figures of the last full run. */
function draw() {
  writeFileSync(CHART, chartOf(JSON.parse(readFileSync(RESULTS, 'utf8'))))
  console.log('Written: docs/performance.svg, from bench/results.json')
  return 0
}

function commandLine() {
  const flag = { type: 'boolean', default: false }
  const options = { quick: flag, check: flag, chart: flag }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  const all = readdirSync(join(import.meta.dirname, 'rows'))
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
    .toSorted()
  const unknown = positionals.filter((name) => !all.includes(name))
  if (unknown.length > 0) {
    console.error(`there are no rows called ${unknown.join(', ')}; there are: ${all.join(', ')}`)
    process.exit(1)
  }
  return { ...values, all, chosen: positionals.length > 0 ? all.filter((name) => positionals.includes(name)) : all }
}

/** JSON with the rounds of a row in one line, and six digits of each value. */
function textOf(results) {
  const rounded = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value)
  const text = JSON.stringify(results, rounded, 2)
  return `${text.replace(/\[[^[\]{}"]+\]/g, (numbers) => numbers.replace(/\s+/g, ' '))}\n`
}

/** Progress: one line that is overwritten in a terminal, and only there; nothing that a file or a pipe would keep. */
function log(text = '') {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, process.stderr.columns - 1)}`)
}
