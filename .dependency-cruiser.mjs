// The arrows of the house: which room may import from which. docs/architecture.md has the picture.
// `npm run check:house` checks the arrows.
import { readFileSync } from 'node:fs'

/** What every room may import, besides the packages behind `imports` of package.json. */
const SHARED = [
  'configuration',
  'async',
  'packages',
  'errors',
  'logger',
  'version',
  'output',
  'fit-for-output',
  'terminal',
]

/** The names of the attributes of an item, which depend on nothing. */
const ATTRIBUTES = 'session/item/attributes'

const { exports: entries } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))

/** The entries of the package: `./dist/runtime/koa.js` is runtime/koa.ts. */
const ENTRIES = Object.values(entries).flatMap(({ default: path }) =>
  path ? [`^${path.slice('./dist/'.length, -'.js'.length)}[.]ts$`] : [],
)

/**
 * Each room, the other rooms that it may import, and why no others.
 *
 * @type {readonly { room: string, may: readonly string[], because: string }[]}
 */
export const ROOMS = [
  {
    room: 'cli',
    may: ['cleaning', 'statistics', 'migrations', 'table', 'session', 'dynamodb', 'application', 'generators'],
    because: 'Commands call the library. Nothing but the executables calls commands.',
  },
  {
    room: 'adapters',
    may: ['session', 'dynamodb'],
    because: 'An adapter translates between a framework and sessions. It has nothing to do with tables and commands.',
  },
  {
    room: 'cleaning',
    may: ['table', 'session', 'dynamodb'],
    because: 'Cleaning is work on a table of sessions. It runs without a framework.',
  },
  {
    room: 'statistics',
    may: ['cleaning', 'table', 'session', 'dynamodb'],
    because: 'Statistics read a sample by the scan that cleaning uses. They write nothing.',
  },
  {
    room: 'migrations',
    may: ['table', 'dynamodb', 'generators', 'application'],
    because: 'Migrations change tables. They never touch sessions.',
  },
  {
    room: 'table',
    may: ['session/item', 'dynamodb'],
    because: 'The table knows the attributes of an item, for keys and indexes. It sends no request for a session.',
  },
  {
    room: 'session',
    may: ['dynamodb'],
    because: 'The life of a session is the same for all frameworks. It needs no rights on the table itself.',
  },
  {
    room: 'telemetry',
    may: ['session'],
    because: 'Spans and metrics are made from channels. Nothing else may depend on OpenTelemetry.',
  },
  {
    room: 'generators',
    may: ['application', 'table', 'session/item'],
    because: 'Generators write files, also declarations of the table for other tools. They start without the AWS SDK.',
  },
  {
    room: 'application',
    may: [],
    because: 'Loading a module of the application has nothing to do with sessions.',
  },
  {
    room: 'dynamodb',
    may: [],
    because: 'Every room that sends requests imports this one, so it imports none of them.',
  },
  {
    room: 'configuration',
    may: [ATTRIBUTES],
    because: 'Every room imports it. It reads the names of attributes, because no index_keys may have such a name.',
  },
  {
    room: 'async',
    may: [],
    because: 'Every room imports it. It handles promises and clocks, and has nothing to do with sessions.',
  },
]

/** `runtime/table/`, `runtime/errors.ts`: a room is a folder or a file. */
const pathOf = (room) => `${room === 'generators' ? '' : 'runtime/'}${room}`
const anyOf = (rooms) => `^(${rooms.map(pathOf).join('|')})([.]c?ts$|/)`

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Files of a circle cannot be read, tested or moved alone. Imports of types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'The tool cannot check an import that it cannot resolve.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...ROOMS.map(({ room, may, because }) => ({
      name: `arrows-of-${room}`,
      comment: because,
      severity: 'error',
      from: { path: anyOf([room]) },
      to: { path: '^(runtime|generators)/', pathNot: anyOf([room, ...SHARED, ...may]) },
    })),
    {
      name: 'arrows-of-shared-files',
      comment: 'Every room imports these files, so they import no room.',
      severity: 'error',
      from: { path: '^runtime/([^/]+[.]ts$|packages/)', pathNot: ENTRIES },
      to: { path: '^(runtime|generators)/', pathNot: anyOf(SHARED) },
    },
    {
      name: 'nobody-imports-entries',
      comment:
        'Entries only re-export, for applications. Inside the package, a file imports the module that defines the name.',
      severity: 'error',
      from: { path: '^(runtime|generators)/' },
      to: { path: ENTRIES },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test)/' },
    // TypeScript 7 has no API for this tool: @swc/core reads the files.
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    extraExtensionsToScan: ['.cts'],
    // The condition `module` comes first, so that packages behind `imports` of package.json are found without dist/.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['module', 'import', 'types', 'default'] },
  },
}
