import onHeaders from 'on-headers'

export function caches(_request, response, next) {
  onHeaders(response, () => {
    response.vary('Cookie')
    if (!response.hasHeader('Set-Cookie') || response.hasHeader('Cache-Control')) return
    response.setHeader('Cache-Control', 'private, no-store')
  })
  next()
}
