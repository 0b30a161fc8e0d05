import { build } from 'esbuild'

await build({ entryPoints: ['server.js'], bundle: true, platform: 'node', outfile: 'bundle/server.cjs' })
