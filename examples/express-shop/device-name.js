const BROWSERS = { Edg: 'Edge', OPR: 'Opera', Firefox: 'Firefox', Chrome: 'Chrome', Safari: 'Safari' }
const SYSTEMS = {
  Android: 'Android',
  iPhone: 'iPhone',
  iPad: 'iPad',
  Windows: 'Windows',
  'Mac OS': 'Mac',
  Linux: 'Linux',
}

/** "Firefox on Linux", or the whole user agent if it is none of these. */
export function deviceName(userAgent = 'Unknown browser') {
  const [browser, system] = [BROWSERS, SYSTEMS].map((names) => {
    const found = Object.keys(names).find((name) => userAgent.includes(name))
    return found && names[found]
  })
  return browser && system ? `${browser} on ${system}` : userAgent
}
