import { comparison, figure, goalText, limitText } from './figures.mjs'
import { isFixed, summary } from './judge.mjs'

const WIDTH = 120
const GAP = 2
/** The names of those measured are broken to at most so many columns. */
const NAME = 17
/** Titles have at least so many columns, if the table gets wider for it. */
const NARROWEST = 30

export function printHead({ date, machine, versions }, { quick }) {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  print(`${date} · ${machine.cpu}, ${machine.cores} cores · ${machine.system} · Node ${machine.node.slice(1)}`)
  print(packages.join(' · '))
  print(
    'Medians of interleaved rounds, below them the lowest and highest round. "Compared": ours divided by (×) or minus',
  )
  print('(+, −) the other of the same round.')
  if (machine.load > machine.cores / 2) {
    print(
      `The machine is busy with other things (load ${machine.load} on ${machine.cores} cores): spreads will be wide.`,
    )
  }
  if (quick) print('--quick: far too few requests and rounds for figures that mean anything.')
}

/** A table for each group. */
export function printRows(rows) {
  for (const group of new Set(rows.map((row) => row.group))) {
    const members = rows.filter((row) => row.group === group)
    const names = [...new Set(members.flatMap((row) => Object.keys(row.values)))]
    print(`\n${group}`)
    printTable([heading(names, members), ...members.map((row) => lines(row, names))])
    for (const note of new Set(members.map((row) => row.note))) if (note) print(note, '  ')
  }
}

export function printSummary(rows, failed) {
  const goals = rows.filter((row) => row.goal)
  print(`\nGoals met: ${goals.filter((row) => row.met).length} of ${goals.length}`)
  for (const row of goals.filter(({ met }) => !met)) {
    const { group, title, compared, goal, unit } = row
    const is = isFixed(goal)
      ? `${figure(summary(row.values.ours).median, unit)} ${unit}`
      : comparison(compared.median, compared.by, unit)
    print(`MISSED ${group}, ${title}: ${is}, goal ${goalText(goal, unit)}`)
  }
  for (const name of failed) print(`FAILED bench/rows/${name}.mjs: its error stands above`)
}

/** The cells of the head, each a list of lines. */
function heading(names, members) {
  const compared = [...new Set(members.map((row) => row.compared?.than).filter(Boolean))]
  const others = compared.length === 1 ? [['compared with', ...wrapped(compared[0], NAME)]] : [['compared']]
  const goal = members.some((row) => row.goal) ? [['goal']] : [[]]
  return [[], ...names.map((name) => wrapped(name, NAME)), ...(compared.length > 0 ? others : [[]]), ...goal]
}

/** The cells of a row, each a list of lines. */
function lines({ title, unit, values, compared, goal, met }, names) {
  const cell = (all, text) => {
    if (!all) return ['–']
    const [low, high] = [text(all.min), text(all.max)]
    return low === high ? [text(all.median)] : [text(all.median), `${low}–${high}`]
  }
  const measured = names.map((who) => cell(values[who] && summary(values[who]), (value) => figure(value, unit)))
  const against = compared ? cell(compared, (value) => comparison(value, compared.by, unit)) : []
  const verdict = goal ? [limitText(goal, unit), met ? 'met' : 'MISSED'] : []
  return [[`${title}, ${unit}`], ...measured, against, verdict]
}

/** Columns as wide as they need to be, figures to the right; titles have what is left. */
function printTable(rows) {
  const width = (column) => Math.max(0, ...rows.flatMap((cells) => cells[column].map(({ length }) => length)))
  const widths = rows[0].map((_, column) => (column === 0 ? 0 : width(column) + GAP))
  const left = Math.max(NARROWEST, WIDTH - GAP - widths.reduce((sum, each) => sum + each, 0))
  const titles = rows.map(([title]) => title.flatMap((text) => wrapped(text, left)))
  widths[0] = Math.max(...titles.flat().map(({ length }) => length))
  for (const [row, [, ...others]] of rows.entries()) printCells([titles[row], ...others], widths)
}

function printCells(cells, widths) {
  const height = Math.max(...cells.map(({ length }) => length))
  for (let line = 0; line < height; line += 1) {
    const [title, ...others] = cells.map((cell) => cell[line] ?? '')
    const figures = others.map((text, column) => text.padStart(widths[column + 1]))
    console.log(`${' '.repeat(GAP)}${title.padEnd(widths[0])}${figures.join('')}`.trimEnd())
  }
}

function print(text, indent = '') {
  for (const line of text.split('\n'))
    for (const part of wrapped(line, WIDTH - indent.length)) console.log(indent + part)
}

/** Lines of at most that many columns, broken between words. */
function wrapped(text, width) {
  if (text.length <= width) return [text]
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) === '' ? word : `${lines.at(-1)} ${word}`
    if (line.length <= width) lines[lines.length - 1] = line
    else lines.push(word)
  }
  return lines
}
