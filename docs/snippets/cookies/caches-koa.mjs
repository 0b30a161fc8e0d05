export async function caches(ctx, next) {
  await next()
  ctx.vary('Cookie')
  if (!ctx.response.has('Set-Cookie') || ctx.response.has('Cache-Control')) return
  ctx.set('Cache-Control', 'private, no-store')
}
