import { figure } from './figures.mjs'
import { summary } from './judge.mjs'

const WIDTH = 760
const MARGIN = 24
/** Where bars begin, and how long the longest of a row is. */
const BARS = 204
const LONGEST = 400
const BAR = 26
const GAP = 4
const ROW = 2 * (BAR + GAP) + 52

const PEER = 'connect-dynamodb'

/** The rows that the chart shows, in this order, and the words behind their factor. */
const SHOWN = [
  { id: 'express-rate', label: 'Read-only requests a second through Express', better: 'as many' },
  { id: 'capacity-typical-write-units', label: 'Write units for 1 000 requests, 100 with a change', better: 'fewer' },
  { id: 'cold-start-env-cpu', label: 'CPU time until the first session is read, ms', better: 'less' },
]

/** What the first row includes, for readers who see only the picture. */
const CONDITIONS = 'Requests a second: at a stub that responds at once, with the default touch_interval and batch_reads'

/**
 * A few rows as pairs of bars, with their factor: an SVG that is readable on light and dark pages.
 *
 * @param {{ date: string, machine: object, versions: Record<string, string>, rows: object[] }} results
 */
export function chartOf({ date, machine, versions, rows }) {
  const pairs = SHOWN.map((shown, index) => pairOf(shown, rowOf(rows, shown.id), MARGIN + index * ROW))
  const height = MARGIN + SHOWN.length * ROW + 66
  const title = SHOWN.map(({ label }, index) => `${label}: ${pairs[index].factor}`).join('; ')
  const where = `${date} · ${machine.cpu}, ${machine.cores} cores · Node ${machine.node.slice(1)}`
  const which = ['dynamo-session-store', PEER].map((name) => `${name} ${versions[name]}`).join(', ')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${escaped(title)}</title>
<style>
  svg { font: 15px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
  .page { fill: #ffffff } text { fill: #1f2328 } .soft { fill: #59636e } .small { font-size: 12px } .end { text-anchor: end }
  .label { font-size: 17px; font-weight: 600 } .factor { font-size: 24px; font-weight: 700; text-anchor: end }
  rect.ours { fill: #0969da } rect.other { fill: #afb8c1 } text.factor { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .soft { fill: #9198a1 }
    rect.ours { fill: #4493f8 } rect.other { fill: #4d5560 } text.factor { fill: #4493f8 }
  }
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>
${pairs.flatMap(({ parts }) => parts).join('\n')}
${text(MARGIN, height - 52, CONDITIONS, 'soft small')}
${text(MARGIN, height - 34, `npm run bench: ${which}; a factor is the median of the rounds`, 'soft small')}
${text(MARGIN, height - 16, where, 'soft small')}
</svg>
`
}

function rowOf(rows, id) {
  const row = rows.find((each) => each.id === id)
  if (row?.compared?.than !== PEER) throw new Error(`row ${id} of the chart is not compared with ${PEER}`)
  return row
}

/** Label, factor and two bars of a row. */
function pairOf({ label, better }, { values, unit, compared }, top) {
  const bars = [
    ['dynamo-session-store', 'ours', summary(values.ours).median],
    [PEER, 'other', summary(values[PEER]).median],
  ]
  const most = Math.max(...bars.map(([, , value]) => value))
  const factor = `${factorOf(Math.max(compared.median, 1 / compared.median))}× ${better}`
  const parts = [
    text(MARGIN, top + 22, label, 'label'),
    text(WIDTH - MARGIN, top + 26, factor, 'factor'),
    ...bars.flatMap(([who, kind, value], index) => {
      const y = top + 34 + index * (BAR + GAP)
      const length = Math.max(2, Math.round((LONGEST * value) / most))
      return [
        text(BARS - 10, y + 18, who, 'soft end'),
        `<rect class="${kind}" x="${BARS}" y="${y}" width="${length}" height="${BAR}" rx="2"/>`,
        text(BARS + length + 8, y + 18, figure(value, unit)),
      ]
    }),
  ]
  return { factor, parts }
}

function factorOf(value) {
  return value < 10 ? value.toFixed(1) : figure(Math.round(value), '')
}

function text(x, y, content, kind) {
  return `<text x="${x}" y="${y}"${kind ? ` class="${kind}"` : ''}>${escaped(content)}</text>`
}

function escaped(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
