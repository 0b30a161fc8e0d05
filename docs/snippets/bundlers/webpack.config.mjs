import { resolve } from 'node:path'

export default {
  mode: 'production',
  target: 'node',
  entry: './server.js',
  output: { path: resolve('bundle'), filename: 'server.cjs' },
}
