import { readFileSync } from 'node:fs'
import { Converter } from 'typedoc'

const { name: packageName, exports: entries } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
)

/** Names each module as applications import it: `dynamo-session-store/koa`. */
function nameModules(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const entry of project.children ?? []) {
      entry.name = entry.name === 'index' ? packageName : `${packageName}/${entry.name}`
    }
  })
}

/**
 * The API reference: a page for each entry of the package, made from its sources.
 *
 * @type {import('typedoc').TypeDocOptions & import('typedoc-plugin-markdown').PluginOptions}
 */
export default {
  // `./dist/runtime/koa.js` is made from runtime/koa.ts.
  entryPoints: Object.values(entries).flatMap(({ default: path }) =>
    path ? [path.replace('./dist/', '../').replace(/js$/, 'ts')] : [],
  ),
  tsconfig: '../tsconfig.build.json',
  // `#yaml` is `yaml` itself, so that dist/ need not exist (package.json of the root, `imports`).
  compilerOptions: { customConditions: ['module'] },
  // npm run typecheck has checked the types.
  skipErrorChecking: true,
  plugin: ['typedoc-plugin-markdown', nameModules],
  out: 'api',
  name: 'API reference',
  readme: 'none',
  entryFileName: 'index',
  outputFileStrategy: 'modules',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  sanitizeComments: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  tableColumnSettings: { hideModifiers: true, hideInherited: true },
  // Parts of exported types, which no application has to name.
  intentionallyNotExported: [
    'AnyShape',
    'Closeable',
    'ConfigurationFacts',
    'CreateMigration',
    'DeleteTableResult',
    'DetailedStorage',
    'Direction',
    'DocumentedLimit',
    'Done',
    'Encryption',
    'Environment',
    'ExpectedState',
    'IndexFacts',
    'KeyAttribute',
    'KnexSource',
    'KoaContext',
    'LogEntry',
    'LogParams',
    'MaxAge',
    'MigrationDetails',
    'Request',
    'ResolvedOptions',
    'Shape',
    'StopReason',
    'TimeToLive',
    'Units',
  ],
  treatWarningsAsErrors: true,
}
