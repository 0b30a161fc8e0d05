import commonjs from '@rollup/plugin-commonjs'
import { nodeResolve } from '@rollup/plugin-node-resolve'

/** Loads JSON files, which some packages require. The package @rollup/plugin-json also works. */
const json = {
  name: 'json',
  /** @type {(code: string, id: string) => string | undefined} */
  transform: (code, id) => (id.endsWith('.json') ? `export default ${code}` : undefined),
}

export default {
  input: 'server.js',
  output: { dir: 'bundle', format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
  plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs(), json],
}
