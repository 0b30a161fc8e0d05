/** Loaded when the first tsconfig.json is read. */
const parseTsconfig: typeof import('get-tsconfig').parseTsconfig = (...given) =>
  require('get-tsconfig').parseTsconfig(...given)

export = { parseTsconfig }
