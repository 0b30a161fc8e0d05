export { type SessionListener, type WithSessionOptions, withSession } from './adapters/node-http/listener.js'
