import { comparison, figure, limitText } from './figures.mjs'
import { summary } from './judge.mjs'

const WIDTH = 860
const MARGIN = 24
/** Where bars begin, and how long the longest of a row is. */
const BARS = 200
const LONGEST = 520
const BAR = 16
const HEAD = 84

/**
 * Those rows that have a goal, or say that they belong here, as bars: an SVG that is readable on light and dark pages.
 *
 * @param {{ date: string, machine: object, versions: Record<string, string>, rows: object[] }} results
 */
export function chartOf({ date, machine, versions, rows }) {
  const shown = rows.filter((row) => row.chart ?? row.goal !== undefined)
  const parts = []
  let top = HEAD
  for (const group of new Set(shown.map((row) => row.group))) {
    parts.push(text(MARGIN, top + 20, group, 'group'))
    top += 30
    for (const row of shown.filter((each) => each.group === group)) {
      parts.push(...barsOf(row, top))
      top += heightOf(row)
    }
  }
  const height = top + MARGIN / 2
  const title = 'dynamo-session-store: npm run bench'
  const where = `${date} · ${machine.cpu}, ${machine.cores} cores · Node ${machine.node.slice(1)}`
  const packages = ['dynamo-session-store', 'connect-dynamodb', '@aws-sdk/client-dynamodb']
  const which = packages.map((name) => `${name} ${versions[name]}`).join(' · ')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(`${title}, ${where}`)}</title>
<style>
  svg { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
  .page { fill: #ffffff } text { fill: #1f2328 } .soft { fill: #59636e } .title { font-size: 18px; font-weight: 600 }
  .group { font-size: 14px; font-weight: 600 } .end { text-anchor: end }
  .ours { fill: #0969da } .other { fill: #8c959f } .floor { fill: #c8cfd6 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .soft { fill: #9198a1 }
    .ours { fill: #4493f8 } .other { fill: #7d8590 } .floor { fill: #3d444d }
  }
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
${[text(MARGIN, 34, title, 'title'), text(MARGIN, 54, where, 'soft'), text(MARGIN, 71, which, 'soft'), ...parts].join('\n')}
</svg>
`
}

function barsOf(row, top) {
  const { title, unit, values, compared, goal } = row
  const summaries = Object.entries(values).map(([who, rounds]) => [who, summary(rounds)])
  const most = Math.max(...summaries.map(([, { median }]) => median))
  const better = unit.endsWith('/s') ? 'more is better' : 'less is better'
  const parts = [text(MARGIN, top + 14, `${title}, ${unit} (${better})`)]
  const said = verdict(compared, goal, unit)
  if (said) parts.push(text(WIDTH - MARGIN, top + 14, said, 'soft end'))
  for (const [index, [who, { median }]] of summaries.entries()) {
    const y = top + 22 + index * (BAR + 4)
    const length = most > 0 ? Math.max(1, Math.round((LONGEST * Math.max(0, median)) / most)) : 1
    parts.push(text(BARS - 10, y + 12, who, 'soft end'))
    parts.push(`<rect class="${kindOf(who)}" x="${BARS}" y="${y}" width="${length}" height="${BAR}" rx="2"/>`)
    parts.push(text(BARS + length + 8, y + 12, figure(median, unit)))
  }
  return parts
}

function heightOf({ values }) {
  return 22 + Object.keys(values).length * (BAR + 4) + 14
}

function verdict(compared, goal, unit) {
  const { than, by, median } = compared ?? {}
  const is = compared && `${comparison(median, by, unit)} ${by === 'ratio' ? 'of' : 'over'} ${than}`
  return [is, goal && `goal ${limitText(goal, unit)}`].filter(Boolean).join(', ')
}

function kindOf(who) {
  if (who.startsWith('ours')) return 'ours'
  return /^(raw|without|none)/.test(who) ? 'floor' : 'other'
}

function text(x, y, content, kind) {
  return `<text x="${x}" y="${y}"${kind ? ` class="${kind}"` : ''}>${escaped(content)}</text>`
}

function escaped(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
