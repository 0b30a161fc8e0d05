import { tsImport } from 'tsx/esm/api'

/**
 * Starts an engine that really stores: DynamoDB Local where Java is there, else dynalite. The tests' own way to do so.
 *
 * @returns {Promise<{ name: string, endpoint: string, stop: () => Promise<void> }>}
 */
export async function startEngine() {
  const { startDynamoDBLocal, startDynalite } = await tsImport('../../test/support/engines-start.ts', import.meta.url)
  const local = await startDynamoDBLocal()
  if ('endpoint' in local) return { name: 'DynamoDB Local', ...local }
  return { name: `dynalite (no DynamoDB Local: ${local.missing})`, ...(await startDynalite()) }
}
