import escapeHtml from 'escape-html'

class Html {
  constructor(text) {
    this.text = text
  }
}

/** A template whose values are escaped, so that no text of a visitor becomes HTML. Templates may be nested. */
export function html(strings, ...values) {
  return new Html(String.raw({ raw: strings }, ...values.map(toText)))
}

function toText(value) {
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(toText).join('')
  return value === undefined || value === false ? '' : escapeHtml(String(value))
}
