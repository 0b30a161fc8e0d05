import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Configuration } from '../configuration/resolve.js'
import { buildClient } from './client.js'
import { LeanTransport } from './lean/lean-transport.js'
import { SdkTransport } from './sdk-transport.js'
import { ServerClock } from './server-clock.js'
import { currentSimulation } from './simulation.js'
import type { Transport } from './transport.js'
import { leanSettingsOf } from './transport-choice.js'

/**
 * The connection to DynamoDB with one configuration. Requests for items go through {@link transport}, requests for tables
 * through the SDK's client. The SDK is loaded only when it has to send.
 */
export class Connection {
  readonly transport: Transport
  /** Compares this machine's clock with the responses to requests for items. */
  readonly clock = new ServerClock()
  /** Why the SDK sends requests for items; undefined when it does not. */
  readonly whySdk: string | undefined
  readonly #configuration: Configuration
  readonly #simulation = currentSimulation()
  readonly #sdk: SdkTransport
  readonly #lean: LeanTransport | undefined
  #client: Promise<DynamoDBClient> | undefined

  constructor(configuration: Configuration) {
    this.#configuration = configuration
    this.#sdk = new SdkTransport(() => this.client(), this.clock, configuration)
    const choice = this.#simulation ? { reason: 'a dry run simulates requests' } : leanSettingsOf(configuration)
    if ('reason' in choice) {
      this.whySdk = choice.reason
      this.transport = this.#sdk
    } else {
      this.#lean = new LeanTransport(choice, this.#sdk, this.clock, configuration)
      this.transport = this.#lean
    }
  }

  /** The client of the application, else one built from the configuration. A dry run puts a simulation in front of it. */
  client(): Promise<DynamoDBClient> {
    const client = this.#sender()
    return this.#simulation ? client.then(this.#simulation) : client
  }

  #sender(): Promise<DynamoDBClient> {
    const { client } = this.#configuration
    if (client) return Promise.resolve(client)
    this.#client ??= buildClient(this.#configuration).catch((error: unknown) => {
      this.#client = undefined
      throw error
    })
    return this.#client
  }

  /** Ends the running requests, and closes what this package opened. A later request opens connections again. */
  close(): void {
    this.#lean?.close()
    this.#sdk.close()
    // A client destroys its request handler, which may be the application's.
    if (!this.#configuration.requestHandler) this.#client?.then((client) => client.destroy()).catch(() => undefined)
    this.#client = undefined
  }
}

/** Runs `work` with a connection that is closed afterwards. */
export async function withConnection<T>(
  configuration: Configuration,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = new Connection(configuration)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}
