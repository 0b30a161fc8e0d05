import { build } from 'esbuild'

// CommonJS packages in the bundle, such as express-session, require Node's own modules.
const require = "import { createRequire as requireIn } from 'node:module'; const require = requireIn(import.meta.url);"

await build({
  entryPoints: ['server.js'],
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  outdir: 'bundle',
  outExtension: { '.js': '.mjs' },
  banner: { js: require },
})
