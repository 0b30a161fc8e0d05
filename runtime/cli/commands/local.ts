import { ConfigurationError } from '../../errors.js'
import { fitForLine } from '../../fit-for-output.js'
import { consoleLogger, type SharedOptions } from '../command.js'
import { startEmbeddedDynamoDB } from '../embedded-dynamodb.js'

interface LocalOptions extends SharedOptions {
  readonly port: string
  readonly path?: string
}

/** `dynamo-session local`: runs until SIGINT or SIGTERM. */
export async function localCommand({ port, path }: LocalOptions, logger = consoleLogger): Promise<void> {
  if (path === '') throw new ConfigurationError([{ place: '--path', text: 'needs the name of a folder' }])
  const settings = { port: portNumber(port), path, folder: process.cwd() }
  const ended = Promise.race([interrupted(), broken()])
  const database = await startEmbeddedDynamoDB(settings)
  logger.info(
    `DynamoDB (dynalite) runs at ${database.endpoint}, data ${path === undefined ? 'in memory' : `in ${fitForLine(path)}`}`,
  )
  logger.info('In each other terminal, before the application and these commands:')
  logger.info(`  export AWS_DYNAMO_DB_SESSION_ENDPOINT=${database.endpoint}`)
  logger.info('Press Ctrl-C to stop')
  await ended
  await database.stop()
  logger.info('stopped')
}

function portNumber(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw new ConfigurationError([
    { place: '--port', text: `must be a number from 0 to 65535, not ${JSON.stringify(text)}` },
  ])
}

/** A second signal ends the process at once. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

/** Errors that dynalite throws outside of any callback, for example when a client disconnects during a request. */
function broken(): Promise<never> {
  return new Promise((_, reject) => {
    process.on('uncaughtException', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET') reject(error)
    })
  })
}
