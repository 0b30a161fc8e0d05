import { dirname, join } from 'node:path'
import { type Configuration, resolveConfiguration } from '../../runtime/configuration/resolve.js'
import { tableArn } from '../../runtime/configuration/table-arn.js'
import { choiceOf } from '../choice.js'
import { GeneratorError, type Plan, type PlannedFile, shownPath } from '../files/plan.js'
import { render } from '../files/render.js'
import { pinsPackageManager } from '../project/package-json.js'
import { packageManagerOf } from '../project/package-manager.js'
import { environmentNameProblem } from '../session-config/plan.js'
import { samStatements } from './sam-statements.js'
import { TARGETS, type Target } from './targets.js'

export interface CleaningInput {
  /** Folder of the application, absolute. */
  readonly root: string
  readonly target: string
  /** Environment that cleaning runs in. Default: production. */
  readonly environment?: string | undefined
}

/**
 * Plans the files of a schedule that deletes expired sessions every night.
 *
 * @throws {GeneratorError} when the target is unknown, or the environment can't have this name
 * @throws {ConfigurationError} when the configuration of the environment is not valid
 */
export function planCleaning(input: CleaningInput): Plan {
  const target = choiceOf('target', input.target, TARGETS)
  const { root, environment = 'production' } = input
  const problem = environmentNameProblem(environment)
  if (problem) throw new GeneratorError(problem)
  const configuration = resolveConfiguration({ root, environment })
  // Without these, only an item's own expire_at says that its session is expired.
  const expireAtOnly = configuration.maxStale === undefined && configuration.maxAge === undefined
  const files = FILES[target]({ root, environment, configuration, expireAtOnly })
  return {
    files,
    notices: [
      ...configuration.warnings,
      ...(expireAtOnly
        ? ['no max_stale or max_age is set: only sessions past their own expire_at will be deleted']
        : []),
    ],
    next: NEXT[target](shownPath(files.at(-1)?.path ?? root, root)),
  }
}

interface Facts {
  readonly root: string
  readonly environment: string
  readonly configuration: Configuration
  readonly expireAtOnly: boolean
}

const SAM = 'session-cleaning/template.yml'

const FILES: Record<Target, (facts: Facts) => PlannedFile[]> = {
  'github-actions': ({ root, environment, configuration, expireAtOnly }) => {
    const { name, run, install } = packageManagerOf(root)
    const data = {
      pnpm: name === 'pnpm',
      // pnpm's action takes the version from package.json, and refuses a second one.
      pinned: pinsPackageManager(root),
      setup: install,
      run,
      region: JSON.stringify(configuration.region ?? '${{ vars.AWS_REGION }}'),
      flags: flags(expireAtOnly),
      environment: JSON.stringify(environment),
    }
    return [
      {
        path: join(root, '.github/workflows/session-cleaning.yml'),
        text: render('session-cleaning/github-actions.yml.hbs', data),
      },
    ]
  },
  lambda: ({ root, environment, configuration, expireAtOnly }) => [
    {
      path: join(root, 'session-cleaning/handler.mjs'),
      text: render('session-cleaning/handler.mjs.hbs', { settings: expireAtOnly ? 'expireAtOnly: true, ' : '' }),
    },
    {
      path: join(root, SAM),
      text: render('session-cleaning/sam.yml.hbs', {
        path: SAM,
        tableName: JSON.stringify(configuration.tableName),
        isArn: tableArn(configuration.tableName) !== undefined,
        statements: samStatements(configuration),
        environment: JSON.stringify(environment),
      }),
    },
  ],
  cron: ({ root, environment, expireAtOnly }) => [
    {
      path: join(root, 'config/session-cleaning.crontab'),
      text: render('session-cleaning/crontab.hbs', {
        run: packageManagerOf(root).run,
        folder: crontabText(root),
        path: [...new Set([dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'])].join(':'),
        flags: flags(expireAtOnly),
        environment: crontabText(environment),
      }),
    },
  ],
}

const NEXT: Record<Target, (path: string) => string> = {
  'github-actions': (path) => `git add ${path}, and set the variable SESSION_CLEANING_ROLE of the repository`,
  lambda: (path) => `sam build --template-file ${path} && sam deploy --guided`,
  cron: (path) => `crontab -e, and add the lines of ${path}`,
}

function flags(expireAtOnly: boolean): string {
  return expireAtOnly ? ' --expire-at-only' : ''
}

/** A text for a shell, in a crontab, where `%` begins a new line. */
function crontabText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`.replaceAll('%', '\\%')
}
