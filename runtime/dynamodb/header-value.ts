import { ConfigurationError } from '../errors.js'

/** Control characters except tab, and all characters beyond ASCII. node:http would send other bytes than those signed. */
const UNSENDABLE = /[^\t\x20-\x7e]/

/** Whether a text can be the value of a header. A line break could begin another header. */
export function isHeaderValue(text: string): boolean {
  return !UNSENDABLE.test(text)
}

/**
 * @param place where the text comes from; the text may be a secret, so the error does not show it
 * @throws {ConfigurationError} when the text can't be the value of a header
 */
export function assertHeaderValue(place: string, text: string): void {
  if (isHeaderValue(text)) return
  const problem = "contains a character that an HTTP header can't hold, such as a line break; remove that character"
  throw new ConfigurationError([{ place, text: problem }])
}
