// The drawing of the house: which room may import from which (docs/architecture.md). `npm run check:house` checks it.

/** What every room may import. */
const SHARED = 'runtime/(configuration|async|packages)/|runtime/(errors|logger|version|output|fit-for-output)[.]ts$'

/** Each room, the other rooms that it may import, and why no others. */
const ROOMS = [
  {
    room: 'runtime/cli',
    may: 'runtime/(cleaning|migrations|table|session|dynamodb|application)/|generators/',
    because: 'Commands call the library. Nothing but the executables calls commands.',
  },
  {
    room: 'runtime/adapters',
    may: 'runtime/(session|dynamodb)/',
    because: 'An adapter translates between a framework and sessions. Tables and commands are none of its business.',
  },
  {
    room: 'runtime/cleaning',
    may: 'runtime/(table|session|dynamodb)/',
    because: 'Cleaning is work on a table of sessions. It runs without a framework.',
  },
  {
    room: 'runtime/migrations',
    may: 'runtime/(table|dynamodb|application)/|generators/',
    because: 'Migrations change tables. They never touch sessions.',
  },
  {
    room: 'runtime/table',
    may: 'runtime/(session/item|dynamodb)/',
    because: 'The table knows what an item holds, for keys and indexes, but sends no request for a session.',
  },
  {
    room: 'runtime/session',
    may: 'runtime/dynamodb/',
    because: 'The life of a session is the same for all frameworks and needs no rights on the table itself.',
  },
  {
    room: 'runtime/application',
    may: '^$',
    because: 'Loading modules of the application needs nothing of sessions.',
  },
  {
    room: 'runtime/dynamodb',
    may: '^$',
    because: 'Requests and their errors are below everything that sends them.',
  },
  {
    room: 'generators',
    may: 'runtime/application/',
    because: 'Generators write files, and start without the AWS SDK.',
  },
  {
    room: 'runtime/(async|configuration)',
    may: '^$',
    because: 'Every room imports these two, so they import no room.',
  },
]

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Of files in a circle none can be read, tested or moved alone. An import of a type counts.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-to-unresolvable',
      comment: 'An import that the tool cannot follow is an arrow that nobody checks.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    ...ROOMS.map(({ room, may, because }) => ({
      name: `arrows-of-${room.replace(/^runtime\//, '').replace(/\W+/g, '-')}`,
      comment: because,
      severity: 'error',
      from: { path: `^${room}/` },
      to: { path: '^(runtime|generators)/', pathNot: `^(${room}/|${SHARED}|${may})` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test)/' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    extraExtensionsToScan: ['.cts'],
    // `module` first: packages behind `imports` of package.json are found without dist/.
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['module', 'import', 'types', 'default'] },
  },
}
