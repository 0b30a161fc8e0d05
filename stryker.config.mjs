// `npm run test:mutation` changes the code of a folder in many small ways. It lists the changes that none of the folder's
// own unit tests notices. Another folder: FOLDER=cleaning npm run test:mutation

const { FOLDER: folder = 'session/item' } = process.env

export default {
  mutate: [`runtime/${folder}/*.ts`],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  // StrykerJS rewrites tsconfig.json with an API that TypeScript 7 does not have. So this names no file.
  tsconfigFile: 'none',
  ignorePatterns: ['bench', 'dist', 'docs'],
  reporters: ['progress-append-only', 'clear-text'],
  clearTextReporter: { allowColor: false, logTests: false },
}
