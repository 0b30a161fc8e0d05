import type { Engine } from './engines.js'
import { environmentWith } from './folder.js'

/** Lets programs that are configured by ENV alone, such as those of docs/snippets/, use an engine during the test. */
export function environmentOf(engine: Engine, variables: Readonly<Record<string, string>> = {}): void {
  environmentWith({
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    ...variables,
  })
}
