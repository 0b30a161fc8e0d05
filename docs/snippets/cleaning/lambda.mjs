import { collectGarbage } from 'dynamo-session-store'

export async function handler(_event, context) {
  const summary = await collectGarbage(
    { tableName: 'sessions', maxStale: 14 * 24 * 3600 },
    {
      rate: 25,
      maxSeconds: context.getRemainingTimeInMillis() / 1000 - 20,
      logger: { info: console.log, warn: console.warn },
    },
  )
  console.log(JSON.stringify(summary))
  return summary
}
