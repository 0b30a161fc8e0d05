/** What the generator writes and prints for a framework. */
interface Framework {
  /** The package in package.json that indicates this framework. */
  readonly package: string
  /** The template's name, without `.hbs`. */
  readonly template: 'express' | 'fastify' | 'koa' | 'manager'
  /** The names that the file exports, the one that the application imports first. */
  readonly exports: readonly string[]
  /** The names that the application imports, a part of {@link exports}. */
  readonly imports: readonly string[]
  /** The line that the application adds beside the import. */
  readonly line: string
  /** Packages that the application needs, with the framework itself. */
  readonly packages: readonly string[]
  /** Packages with types, for TypeScript only. */
  readonly types: readonly string[]
  /** What else the user should know, one sentence per line. */
  readonly notices: readonly string[]
}

const MANAGER = { template: 'manager', packages: ['@remix-run/session'], types: [], notices: [] } as const

const EXPRESS = {
  template: 'express',
  exports: ['sessions', 'store'],
  imports: ['sessions'],
  line: 'app.use(sessions)',
  types: ['@types/express-session'],
  notices: ["behind a proxy that ends TLS: app.set('trust proxy', 1), or browsers get no cookie"],
} as const

/** All frameworks. A framework that depends on another one comes before it. */
export const FRAMEWORKS = {
  nest: {
    ...EXPRESS,
    package: '@nestjs/platform-express',
    packages: ['@nestjs/platform-express', 'express-session'],
  },
  'react-router': {
    ...MANAGER,
    package: 'react-router',
    packages: ['react-router', '@remix-run/session'],
    exports: ['sessions'],
    imports: ['sessions'],
    line: 'export const loader = ({ request }) => sessions.run(request, async (session) => Response.json({}))',
  },
  express: { ...EXPRESS, package: 'express', packages: ['express', 'express-session'] },
  fastify: {
    package: 'fastify',
    template: 'fastify',
    exports: ['dynamoSession', 'sessionOptions', 'store'],
    imports: ['dynamoSession', 'sessionOptions'],
    line: 'await app.register(dynamoSession, sessionOptions)',
    packages: ['fastify', '@fastify/session', '@fastify/cookie'],
    types: [],
    notices: ['behind a proxy that ends TLS: fastify({ trustProxy: true }), or browsers get no cookie'],
  },
  koa: {
    package: 'koa',
    template: 'koa',
    exports: ['sessions', 'store'],
    imports: ['sessions'],
    line: 'app.use(sessions(app))',
    packages: ['koa', 'koa-session'],
    types: ['@types/koa'],
    notices: ['behind a proxy that ends TLS: app.proxy = true, or responses with a cookie fail'],
  },
  hono: {
    ...MANAGER,
    package: 'hono',
    packages: ['hono', '@remix-run/session'],
    exports: ['manager', 'sessions'],
    imports: ['sessions'],
    line: 'const app = new Hono().use(sessions)',
  },
  'node-http': {
    ...MANAGER,
    package: 'node:http',
    exports: ['sessions', 'withSession'],
    imports: ['sessions', 'withSession'],
    line: 'createServer(withSession(sessions, (request, response, session) => response.end())).listen(3000)',
  },
  lambda: {
    ...MANAGER,
    package: '@types/aws-lambda',
    exports: ['sessions'],
    imports: ['sessions'],
    line: "const { result, setCookie, headers } = await sessions.use(event.cookies?.join('; '), async (session) => 'body')",
  },
} as const satisfies Readonly<Record<string, Framework>>

export type FrameworkName = keyof typeof FRAMEWORKS

export const FRAMEWORK_NAMES = Object.keys(FRAMEWORKS) as FrameworkName[]

/** The frameworks whose package is among the dependencies. A framework on which another one depends is left out. */
export function frameworksIn(dependencies: ReadonlySet<string>): FrameworkName[] {
  const found = FRAMEWORK_NAMES.filter((name) => dependencies.has(FRAMEWORKS[name].package))
  const [first] = found
  return first === 'nest' || first === 'react-router' ? [first] : found
}
