// Only test/e2e/testing.test.ts installs Jest.
declare module '@jest/globals'
