import { isoOf } from './iso-time.js'
import { count } from './progress-display.js'
import { type Chart, chartsOf, costRows, headOf, itemRows, notesOf, type Report, summaryRows } from './stats-text.js'

const STYLE = `
:root { color-scheme: light dark; --bar: #2563eb; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: right; padding: .25rem .75rem; border-bottom: 1px solid #8886; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; }
text { fill: currentColor; }
rect { fill: var(--bar); }
`

/** One page that needs no other file and no script. */
export function statsPage(report: Report): string {
  const { tableName, now, statistics } = report
  const title = `Sessions in table ${escaped(tableName)}`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<p>${escaped(headOf(report))}, ${isoOf(now)}</p>
${table([], itemRows(report))}
${table(['', 'average', 'p50', 'p95', 'largest'], summaryRows(statistics))}
${chartsOf(statistics)
  .map((chart) => `<h2>${escaped(chart.title)}</h2>\n${svg(chart)}`)
  .join('\n')}
<h2>Cost</h2>
${table(['', 'US dollars a month'], costRows(report))}
${notesOf(report)
  .map((note) => `<p>${escaped(note)}</p>`)
  .join('\n')}
</html>
`
}

const [LABELS, BARS, COUNTS, ROW, BAR] = [100, 500, 100, 24, 16]

/** A bar chart. Screen readers read its title and its texts. */
export function svg({ title, bars }: Chart): string {
  const most = Math.max(...bars.map((bar) => bar.count), 1)
  const rows = bars.map((bar, index) => {
    const top = index * ROW
    const width = Number(((bar.count / most) * BARS).toFixed(1))
    const baseline = top + ROW - 8
    return [
      `<text x="${LABELS - 8}" y="${baseline}" text-anchor="end">${escaped(bar.label)}</text>`,
      `<rect x="${LABELS}" y="${top + (ROW - BAR) / 2}" width="${width}" height="${BAR}"/>`,
      `<text x="${LABELS + width + 6}" y="${baseline}">${count(bar.count)}</text>`,
    ].join('')
  })
  const size = `0 0 ${LABELS + BARS + COUNTS} ${bars.length * ROW}`
  return `<svg viewBox="${size}" role="group" aria-label="${escaped(title)}">${rows.join('\n')}</svg>`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: 'td' | 'th') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`
  const lines = [...(head.length > 0 ? [row(head, 'th')] : []), ...rows.map((cells) => row(cells, 'td'))]
  return `<table>\n${lines.join('\n')}\n</table>`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
}
