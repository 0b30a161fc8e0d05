/** Pages show whose session it is, so no cache keeps them. They load only the shop's own files, and run no script. */
export function securityHeaders(_req, res, next) {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'self'; script-src 'none'; form-action 'self'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  next()
}

/**
 * Refuses a form that a page of another site or subdomain sends (CSRF). The cookie's SameSite=Lax stops most such forms.
 * This check also stops forms of a subdomain, and a foreign sign-in form. Browsers set the header: no token is needed.
 */
export function onlyOwnForms(req, res, next) {
  const { origin, host, 'sec-fetch-site': site } = req.headers
  const own = site ? site === 'same-origin' : !origin || origin === `${req.protocol}://${host}`
  if (req.method === 'GET' || req.method === 'HEAD' || own) return next()
  res.status(403).send('This form came from another site.')
}
