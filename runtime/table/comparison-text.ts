import type { SettingComparison, SettingValue } from './compare-table.js'

/** `billing_mode: provisioned → pay_per_request`: the change that makes the live table as declared. */
export function differenceText({ setting, declared, live }: SettingComparison): string {
  return `${setting}: ${valueText(live)} → ${valueText(declared)}`
}

/** One line for a setting that is not the same: the declared value, the live value, and what to do. */
export function settingText(comparison: SettingComparison): string {
  const { setting, state, declared, live, source, change, permission, note } = comparison
  const text = `${setting}: declared ${valueText(declared)} (${source})`
  if (state === 'unknown') return `${text}, unknown: ${permission ? `no permission, allow ${permission}` : note}`
  const more = note === undefined ? '' : ` (${note})`
  return `${text}, the table has ${valueText(live)}${more}${change === undefined ? '' : `; ${change}`}`
}

/** `1 setting`, `2 settings` */
export function settingCount(count: number): string {
  return count === 1 ? '1 setting' : `${count} settings`
}

/** A value in a readable form. */
export function valueText(value: SettingValue): string {
  if (value === null) return 'none'
  if (typeof value !== 'object') return String(value)
  const entries = Object.entries(value)
  return entries.length === 0 ? 'none' : entries.map(([name, text]) => `${name}=${text}`).join(', ')
}
