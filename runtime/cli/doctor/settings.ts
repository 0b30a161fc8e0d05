import type { Configuration } from '../../configuration/resolve.js'
import type { SettingComparison } from '../../table/compare-table.js'
import { settingText } from '../../table/comparison-text.js'
import type { Finding } from './finding.js'

/** Settings with a check of their own. */
const ELSEWHERE = ['tableKey', 'indexKeys', 'ttl']

/**
 * Compares the other settings of the table with the declared ones. A missing permission is no problem: the application does
 * not need it.
 */
export function settingFindings(comparisons: readonly SettingComparison[]): readonly Finding[] {
  const check = 'settings'
  const others = comparisons.filter(({ option }) => !ELSEWHERE.includes(option))
  const findings = others.flatMap((comparison): Finding[] => {
    if (comparison.state === 'same') return []
    return [{ level: comparison.state === 'differs' ? 'warning' : 'skipped', check, text: settingText(comparison) }]
  })
  if (findings.some(({ level }) => level === 'warning')) return findings
  return [{ level: 'ok', check, text: 'as declared (npx dynamo-session plan shows them)' }, ...findings]
}

/** Whether sessions ever expire. */
export function lifetimeFinding({ maxAge, maxStale }: Configuration): Finding {
  const check = 'lifetime'
  const limits = [
    ...(maxStale === undefined ? [] : [`max_stale ${maxStale} s`]),
    ...(maxAge === undefined ? [] : [`max_age ${maxAge} s`]),
  ]
  if (limits.length > 0) return { level: 'ok', check, text: limits.join(', ') }
  return {
    level: 'warning',
    check,
    text: 'neither max_stale nor max_age is set: sessions never expire, unless their cookie has an expiry',
    remedy: 'set max_stale, for example max_stale: 1209600 (two weeks)',
  }
}
