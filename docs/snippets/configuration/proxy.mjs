import { NodeHttpHandler } from '@smithy/node-http-handler'
import { DynamoSessionStore } from 'dynamo-session-store/express'
import { HttpsProxyAgent } from 'https-proxy-agent'

const proxy = process.env.HTTPS_PROXY ?? 'http://proxy.example:3128'
const requestHandler = new NodeHttpHandler({ httpsAgent: new HttpsProxyAgent(proxy) })

export const store = new DynamoSessionStore({ region: 'eu-central-1', requestHandler })
