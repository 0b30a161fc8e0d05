export default async function (plop, config) {
  await plop.load('dynamo-session-store', { force: config.force })
}
