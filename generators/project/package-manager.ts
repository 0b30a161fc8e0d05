import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { foldersUpFrom } from './package-json.js'

/** The commands of an application's package manager. */
export interface PackageManager {
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'bun'
  /** Runs an installed program: `npx`. */
  readonly run: string
  /** Adds packages: `npm install`. */
  readonly add: string
  /** Adds packages for development only: `npm install --save-dev`. */
  readonly addForDevelopment: string
  /** Commands that install exactly what the lockfile has, as in CI. */
  readonly install: readonly string[]
}

const NPM: PackageManager = {
  name: 'npm',
  run: 'npx',
  add: 'npm install',
  addForDevelopment: 'npm install --save-dev',
  install: ['npm ci'],
}
const PNPM: PackageManager = {
  name: 'pnpm',
  run: 'pnpm exec',
  add: 'pnpm add',
  addForDevelopment: 'pnpm add --save-dev',
  install: ['pnpm install --frozen-lockfile'],
}
const YARN: PackageManager = {
  name: 'yarn',
  run: 'yarn',
  add: 'yarn add',
  addForDevelopment: 'yarn add --dev',
  install: ['corepack enable', 'yarn install --immutable'],
}
/** Yarn 1, which has no `--immutable`. Its lockfile begins with `# yarn lockfile v1`. */
const YARN_CLASSIC: PackageManager = { ...YARN, install: ['yarn install --frozen-lockfile'] }
const BUN: PackageManager = {
  name: 'bun',
  run: 'bunx',
  add: 'bun add',
  addForDevelopment: 'bun add --dev',
  install: ['npm install --global bun', 'bun install --frozen-lockfile'],
}

const LOCKFILES: readonly (readonly [file: string, manager: (path: string) => PackageManager])[] = [
  ['pnpm-lock.yaml', () => PNPM],
  ['yarn.lock', (path) => (/^# yarn lockfile v1$/m.test(readFileSync(path, 'utf8')) ? YARN_CLASSIC : YARN)],
  ['bun.lock', () => BUN],
  ['bun.lockb', () => BUN],
  ['package-lock.json', () => NPM],
]

/** The package manager whose lockfile is nearest, in the application's folder or one above. Default: npm. */
export function packageManagerOf(root: string): PackageManager {
  for (const folder of foldersUpFrom(root)) {
    for (const [file, manager] of LOCKFILES) {
      const path = join(folder, file)
      if (existsSync(path)) return manager(path)
    }
  }
  return NPM
}
