export async function caches(_request, reply) {
  const vary = reply.getHeader('Vary')
  reply.header('Vary', vary ? `${vary}, Cookie` : 'Cookie')
  if (!reply.hasHeader('Set-Cookie') || reply.hasHeader('Cache-Control')) return
  reply.header('Cache-Control', 'private, no-store')
}
