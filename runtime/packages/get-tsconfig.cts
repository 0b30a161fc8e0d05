/** Loaded by the first tsconfig.json that is read. */
const parseTsconfig: typeof import('get-tsconfig').parseTsconfig = (...given) =>
  require('get-tsconfig').parseTsconfig(...given)

export = { parseTsconfig }
