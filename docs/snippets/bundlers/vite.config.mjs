import { defineConfig } from 'vite'

export default defineConfig({
  ssr: { noExternal: true, target: 'node' },
  build: { ssr: 'server.js', outDir: 'bundle', rolldownOptions: { output: { entryFileNames: 'server.mjs' } } },
})
