import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest'
import { loadOptions } from '../../../runtime/application/options-module.js'
import { resolveConfiguration } from '../../../runtime/configuration/resolve.js'
import type { DynamoSessionStore } from '../../../runtime/express.js'
import { listen, stop } from '../../support/adapters/listen.js'
import { type Stub, startStub } from '../../support/dynamodb-stub.js'
import { environmentWith, folderWith } from '../../support/folder.js'
import { importSnippet, SNIPPETS, snippetText } from '../../support/snippets.js'

interface Stores {
  readonly store: DynamoSessionStore
  readonly byProfile: DynamoSessionStore
  readonly byCredentials: DynamoSessionStore
  readonly byClient: DynamoSessionStore
}

let stub: Stub
beforeEach(async () => {
  stub = await startStub()
})
afterEach(() => stub.stop())

const environment = (more: Readonly<Record<string, string>> = {}) =>
  environmentWith({
    AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'of-the-environment',
    AWS_SECRET_ACCESS_KEY: 'x',
    ...more,
  })

/** The table, the region and the access key of the request of a read. */
async function read(store: DynamoSessionStore): Promise<unknown[]> {
  await store.get('a')
  const { headers, body } = stub.requests.at(-1) ?? { headers: {}, body: '{}' }
  const [, key, region] = /Credential=([^/]*)\/\d+\/([^/]*)/.exec(String(headers.authorization)) ?? []
  return [JSON.parse(body).TableName, region, key]
}

it('options in code reach DynamoDB as docs/configuration.md says', async () => {
  environment()
  const { store } = await importSnippet<Stores>('configuration/code.mjs')
  expect(await read(store)).toEqual(['visits', 'us-east-1', 'of-the-environment'])
})

it('the file of docs/configuration.md takes values from the environment', () => {
  const [yaml = ''] = /(?<=```yaml\n)[\s\S]*?(?=```)/.exec(page()) ?? []
  const root = folderWith({ 'config/dynamo_session_store.yml': yaml })
  expect(resolveConfiguration({ root }, { SESSION_SECRET: 'x'.repeat(32) })).toMatchObject({
    tableName: 'visits',
    maxStale: 3600,
    secretKey: 'x'.repeat(32),
    region: 'eu-central-1',
  })
})

it('the variables of docs/configuration.md are read', () => {
  const env = Object.fromEntries([...page().matchAll(/^export (\w+)=(\S+)/gm)].map(([, name, value]) => [name, value]))
  expect(resolveConfiguration({ root: folderWith() }, env)).toMatchObject({
    tableName: 'visits',
    indexKeys: ['user_id', 'team.id'],
    tags: { team: 'web', stage: 'production' },
  })
})

it('a profile, credentials and a client lead to their region and key', async () => {
  const root = folderWith({ config: '', credentials: '[shop]\naws_access_key_id=of-shop\naws_secret_access_key=x\n' })
  environment({
    AWS_CONFIG_FILE: join(root, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: join(root, 'credentials'),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    SHOP_KEY_ID: 'of-code',
    SHOP_KEY: 'x',
  })
  const { byProfile, byCredentials, byClient } = await importSnippet<Stores>('configuration/connection.mjs')
  expect(await read(byProfile)).toEqual(['sessions', 'eu-central-1', 'of-shop'])
  expect(await read(byClient)).toEqual(['sessions', 'eu-central-1', 'of-the-environment'])
  expect(await read(byCredentials)).toEqual(['sessions', 'eu-central-1', 'of-code'])
})

it('a request goes through the proxy', async () => {
  const targets: (string | undefined)[] = []
  const proxy = createServer().on('connect', ({ url }, socket) => {
    targets.push(url)
    socket.destroy()
  })
  const port = await listen(proxy)
  onTestFinished(() => stop(proxy))
  environment({ HTTPS_PROXY: `http://127.0.0.1:${port}`, AWS_MAX_ATTEMPTS: '1' })
  delete process.env.AWS_ENDPOINT_URL_DYNAMODB
  const { store } = await importSnippet<Stores>('configuration/proxy.mjs')
  await store.get('a').catch(() => undefined)
  expect(targets).toEqual(['dynamodb.eu-central-1.amazonaws.com:443'])
})

it('the module with the options is for commands and for the store', async () => {
  environment({ SESSION_TABLE: 'of_the_module' })
  expect(await loadOptions('configuration/session-options.mjs', SNIPPETS)).toMatchObject({ maxStale: 1209600 })
  const { store } = await importSnippet<Stores>('configuration/options-module.mjs')
  expect(await read(store)).toEqual(['of_the_module', 'us-east-1', 'of-the-environment'])
})

const page = () => snippetText('../configuration.md')
