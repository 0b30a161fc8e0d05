import { describe, expect, it } from 'vitest'
import { optionsImport } from '../../../../generators/session-migration/options-module.js'
import { application } from '../application.js'

function imported(module: string, files: Record<string, string>, language = 'ts') {
  const { root } = application(files)
  const tsconfig = 'tsconfig.json' in files ? `${root}/tsconfig.json` : undefined
  const path = module.replace(/^\/app/, root)
  return optionsImport({ module: path, root, migrationFolder: `${root}/db/migrations`, language, tsconfig })
}

describe('the import of the options module', () => {
  it.each([
    ['src/session.js', "'../../src/session.js'"],
    ['src\\session.js', "'../../src/session.js'"],
    ['/app/src/session.js', "'../../src/session.js'"],
    ['db/migrations/session.js', "'./session.js'"],
    ['db/migrations/a/session.js', "'./a/session.js'"],
    ['session.js', "'../../session.js'"],
    ["it's/session.js", "'../../it\\'s/session.js'"],
  ])('leads from the migration to %s', (module, specifier) => {
    const path = module.replaceAll('\\', '/').replace('/app/', '')
    expect(imported(module, { [path]: 'export default {}' }).specifier).toBe(specifier)
  })

  it.each([
    ['src/session.ts', {}, '.js'],
    ['src/session.mts', {}, '.mjs'],
    ['src/session.cts', {}, '.cjs'],
    ['src/session.ts', { allowImportingTsExtensions: true }, '.ts'],
    ['src/session.mts', { rewriteRelativeImportExtensions: true }, '.mts'],
    ['src/session.ts', { allowImportingTsExtensions: false }, '.js'],
  ])('names %s as the tsconfig %j allows it: %s', (module, compilerOptions, extension) => {
    const tsconfig = JSON.stringify({ compilerOptions })
    const { specifier } = imported(module, { [module]: 'export default {}', 'tsconfig.json': tsconfig })
    expect(specifier).toBe(`'../../src/session${extension}'`)
  })

  it.each(['src/a\nb.ts', "src/a\n'; throw 1; '.ts", 'src/a\rb.ts', 'src/a\u2028b.ts', 'src\u009b/a.ts', 'a\u0007.ts'])(
    'refuses the path %j, which would end the line of the import, before it looks for the file',
    (module) => {
      for (const files of [{}, { [module]: 'export default {}' }]) {
        const attempt = () => imported(module, files)
        expect(attempt).toThrow(/can't be imported, because its path has a line break or another control character/)
        expect(attempt).toThrow(/^[^\n\r\u2028\u009b]*$/)
      }
    },
  )

  it('names the existing file when the migration is JavaScript, and says that it needs tsx', () => {
    const { specifier, notices } = imported('src/session.ts', { 'src/session.ts': 'export default {}' }, 'js')
    expect(specifier).toBe("'../../src/session.ts'")
    expect(notices).toEqual([expect.stringContaining('tsx')])
  })

  it.each([
    ['export const options: Options = {}', 'named'],
    ['const options = {}\nexport { options, other }', 'named'],
    ['export { settings as options }', 'named'],
    ['exports.options = {}', 'named'],
    ['module.exports = { store, options }', 'named'],
    ["export * from './other.js'", 'named'],
    ['export const options = {}\nexport default app', 'named'],
    ['export default { tableName: "a" }', 'default'],
    ["export { default } from './other.js'", 'default'],
    ['export { settings as default }', 'default'],
    ['exports.default = {}', 'default'],
    ['module.exports = { tableName: "a" }', 'commonjs'],
    ['// export const options\nmodule.exports = {}', 'commonjs'],
    ['const url = "https://a" /* export default */\nexport = {}', 'commonjs'],
  ])('finds the options in %j: %s', (code, kind) => {
    expect(imported('src/session.js', { 'src/session.js': code }).kind).toBe(kind)
  })

  it.each([
    ['src/absent.js', {}, 'does not exist'],
    ['src', { 'src/a.js': '' }, 'must be JavaScript or TypeScript'],
    ['session.json', { 'session.json': '{}' }, 'must be JavaScript or TypeScript'],
    ['session.js', { 'session.js': 'export const optionsOfMine = {}' }, 'default export or as "options"'],
  ])('refuses %s', (module, files, message) => {
    expect(() => imported(module, files as Record<string, string>)).toThrow(message)
  })
})

describe('the tsconfig', () => {
  const extension = (files: Record<string, string>) =>
    imported('src/session.ts', { 'src/session.ts': 'export default {}', ...files }).specifier.slice(-4, -1)
  const allowing = '{ "compilerOptions": { "allowImportingTsExtensions": true } }'

  it('may have comments, trailing commas and a byte order mark', () => {
    const text =
      '\uFEFF{ // "x"\n "compilerOptions": { /* , */ "paths": {"a//b": ["c,]"],}, "allowImportingTsExtensions": true, }, }'
    expect(extension({ 'tsconfig.json': text })).toBe('.ts')
  })

  it('may be empty', () => {
    expect(extension({ 'tsconfig.json': '' })).toBe('.js')
  })

  it.each([
    ['"./base"', 'base.json'],
    ['"./config/base.json"', 'config/base.json'],
    ['["./nothing.json", "./base.json"]', 'base.json'],
    ['"@tsconfig/node20"', 'node_modules/@tsconfig/node20/tsconfig.json'],
    ['"@tsconfig/node20/base.json"', 'node_modules/@tsconfig/node20/base.json'],
  ])('inherits from %s', (base, path) => {
    const files = { 'tsconfig.json': `{ "extends": ${base} }`, 'nothing.json': '{}', [path]: allowing }
    expect(extension(files)).toBe('.ts')
  })

  it('overrides the file that it extends', () => {
    const own = '{ "extends": "./base.json", "compilerOptions": { "allowImportingTsExtensions": false } }'
    expect(extension({ 'tsconfig.json': own, 'base.json': allowing })).toBe('.js')
  })

  it('is an error when it is circular or extends a missing file', () => {
    expect(() => extension({ 'tsconfig.json': '{ "extends": "./tsconfig.json" }' })).toThrow(
      /^tsconfig\.json can't be read: Circularity detected/,
    )
    expect(() => extension({ 'tsconfig.json': '{ "extends": "absent" }' })).toThrow(
      "tsconfig.json can't be read: File 'absent' not found.",
    )
  })
})
