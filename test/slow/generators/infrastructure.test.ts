import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createJiti } from 'jiti'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { planInfrastructure } from '../../../generators/session-infrastructure/plan.js'
import { TARGETS } from '../../../generators/session-infrastructure/targets.js'
import type { Options } from '../../../runtime/configuration/options.js'
import { withAmbient } from '../../../runtime/configuration/options-in-migrations.js'
import { resolveConfiguration, withValues } from '../../../runtime/configuration/resolve.js'
import { type Policy, policyOf, type Role, type Statement } from '../../../runtime/table/policy.js'
import { readTemplate, resolved } from '../../support/cloudformation.js'
import { type ControlPlane, startControlPlane } from '../../support/control-plane.js'
import { infrastructurePackages } from '../../support/infrastructure-packages.js'
import { TABLE_CONFIGURATIONS } from '../../support/table-configurations.js'
import {
  inputsOfCloudFormation,
  inputsOfCreateTable,
  inputsOfTerraform,
  type TableInputs,
} from '../../support/table-inputs.js'

type Json = Record<string, unknown>

/** A class of aws-cdk-lib, whose types this repository does not have. */
// biome-ignore lint/suspicious/noExplicitAny: the classes are those of a package that is not installed here
type Construct = new (...given: unknown[]) => any

const packages = await infrastructurePackages()
const missing = 'missing' in packages ? packages.missing : undefined
const configurations = Object.entries(TABLE_CONFIGURATIONS)
const ROLES: readonly (readonly [name: string, role: Role])[] = [
  ['Runtime', 'runtime'],
  ['Clean', 'clean'],
  ['Verify', 'deploy'],
]
const ENV = { region: 'eu-central-1', account: '123456789012' }

let root: string
let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane({ settle: 0 })
  root = mkdtempSync(join(tmpdir(), 'session-infrastructure-'))
  if ('folder' in packages) symlinkSync(join(packages.folder, 'node_modules'), join(root, 'node_modules'))
  for (const [at, [, options]] of configurations.entries()) {
    for (const target of TARGETS) {
      const plan = await withAmbient({ options }, async () => planInfrastructure({ root, target, dir: String(at) }))
      mkdirSync(join(root, String(at)), { recursive: true })
      for (const { path, text } of plan.files) writeFileSync(path, text)
    }
  }
})
afterAll(async () => {
  await plane.stop()
  rmSync(root, { recursive: true, force: true })
})

const fileOf = (title: string, name: string) =>
  join(root, String(configurations.findIndex(([known]) => known === title)), name)

const sent = new Map<Options, Promise<TableInputs>>()

/** What `createTable` sends. */
function expected(options: Options): Promise<TableInputs> {
  const inputs = sent.get(options) ?? inputsOfCreateTable(plane, options)
  sent.set(options, inputs)
  return inputs
}

/** What `dynamo-session policy` allows a role, of a table that somebody else manages. */
function policyFor(role: Role, options: Options): Policy {
  return policyOf(role, withValues(resolveConfiguration(options, {}), { manageTable: false }), ENV)
}

/** A line for each action on each resource. */
function linesOf(statements: readonly Statement[]): string[] {
  return statements
    .flatMap(({ Action, Resource, Condition = {} }) =>
      [Action]
        .flat()
        .flatMap((action) => [Resource].flat().map((resource) => `${action} ${resource} ${JSON.stringify(Condition)}`)),
    )
    .sort()
}

describe('the construct for the AWS CDK', () => {
  beforeEach((test) => test.skip(missing !== undefined, missing))

  it('compiles under strict rules, with all configurations', async () => {
    const files = configurations.map(([title]) => fileOf(title, 'session-table.ts'))
    const strict = ['--strict', '--noUnusedLocals', '--noUnusedParameters', '--exactOptionalPropertyTypes']
    const modules = ['--module', 'nodenext', '--target', 'es2022', '--skipLibCheck', '--types', '']
    const compiler = join(import.meta.dirname, '../../../node_modules/typescript/bin/tsc')
    const compiled = promisify(execFile)(process.execPath, [compiler, '--noEmit', ...strict, ...modules, ...files], {
      cwd: root,
    })
    await expect(compiled).resolves.toMatchObject({ stdout: '' })
  })

  it.each(configurations)('makes the table that createTable makes: %s', async (title, options) => {
    const { template } = await synthesised(title)
    const [table, ...others] = resourcesOf(template, 'AWS::DynamoDB::Table')
    expect(others).toEqual([])
    expect(table).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' })
    expect(inputsOfCloudFormation(table?.Properties as Json)).toEqual(await expected(options))
  })

  it.each(configurations)('grants what dynamo-session policy allows: %s', async (title, options) => {
    const { template, tableId } = await synthesised(title)
    const { tableName } = resolveConfiguration(options, {})
    for (const [name, role] of ROLES) {
      const policies = resourcesOf(template, 'AWS::IAM::Policy').filter(({ Properties }) =>
        JSON.stringify((Properties as Json).Roles).includes(`"${name}`),
      )
      const statements = policies.flatMap(
        ({ Properties }) => (Properties as { PolicyDocument: { Statement: Statement[] } }).PolicyDocument.Statement,
      )
      const arn = `arn:aws:dynamodb:eu-central-1:123456789012:table/${tableName}`
      expect(linesOf(withoutFunctions(statements, tableId, arn)), name).toEqual(
        linesOf(policyFor(role, options).Statement),
      )
    }
  })

  /** The template of a stack with the construct, and a role for each grant. */
  async function synthesised(title: string) {
    const require = createRequire(join(root, 'package.json'))
    const { App, Stack } = require('aws-cdk-lib') as { App: Construct; Stack: Construct }
    const iam = require('aws-cdk-lib/aws-iam') as { Role: Construct; ServicePrincipal: Construct }
    const { Template } = require('aws-cdk-lib/assertions') as {
      Template: { fromStack(stack: unknown): { toJSON(): unknown } }
    }
    const module = await createJiti(import.meta.url).import<{ SessionTable: Construct }>(
      fileOf(title, 'session-table.ts'),
    )
    const stack = new Stack(new App({ outdir: join(root, 'cdk.out') }), 'Sessions', { env: ENV })
    const table = new module.SessionTable(stack, 'SessionTable')
    for (const [name] of ROLES) {
      table[`grant${name}`](new iam.Role(stack, name, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') }))
    }
    const template = Template.fromStack(stack).toJSON() as { Resources: Record<string, Json> }
    return { template, tableId: stack.resolve(table.table.logicalId) as string }
  }
})

function resourcesOf({ Resources }: { Resources: Record<string, Json> }, type: string): Json[] {
  return Object.values(Resources).filter(({ Type }) => Type === type)
}

/** The statements, functions of CloudFormation resolved. */
function withoutFunctions(statements: Statement[], tableId: string, arn: string): Statement[] {
  const resolve = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(resolve)
    if (typeof node !== 'object' || node === null) return node
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = node as Record<string, never>
    if (Ref === 'AWS::Partition') return 'aws'
    if (Array.isArray(attribute)) return (attribute as string[]).join('.') === `${tableId}.Arn` ? arn : attribute
    if (Array.isArray(join)) return (resolve(join[1]) as string[]).join(join[0])
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(value)]))
  }
  return resolve(statements) as Statement[]
}

describe.each(['cloudformation', 'sam'])('the file for %s', (target) => {
  it.each(configurations)('makes the table that createTable makes: %s', async (title, options) => {
    const template = readTemplate(readFileSync(fileOf(title, `session-table.${target}.yml`), 'utf8'))
    expect(inputsOfCloudFormation(resolved(template).SessionTable ?? {})).toEqual(await expected(options))
    const retained = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' }
    expect(template.Resources.SessionTable).toMatchObject({ Type: 'AWS::DynamoDB::Table', ...retained })
    expect(template.Transform).toBe(target === 'sam' ? 'AWS::Serverless-2016-10-31' : undefined)
  })
})

describe('the file for Terraform', () => {
  beforeEach((test) => test.skip(missing !== undefined, missing))

  it.each(configurations)('makes the table that createTable makes: %s', async (title, options) => {
    const { resource } = await parsed(title)
    const table = (resource.aws_dynamodb_table as { sessions: Json[] }).sessions[0] ?? {}
    expect(inputsOfTerraform(table)).toEqual(await expected(options))
    expect(table.lifecycle).toEqual([{ prevent_destroy: true }])
  })

  it.each(configurations)('allows the roles what dynamo-session policy allows: %s', async (title, options) => {
    const { data, resource } = await parsed(title)
    const documents = data.aws_iam_policy_document as Record<string, [{ statement: Json[] }]>
    const policies = resource.aws_iam_policy as Record<string, [{ policy: string }]>
    for (const [name, role] of ROLES) {
      const id = `session_${name.toLowerCase()}`
      expect(policies[id]?.[0].policy).toBe(`\${data.aws_iam_policy_document.${id}.json}`)
      const statements = (documents[id]?.[0].statement ?? []).map(
        ({ actions, resources, condition = [], ...unknown }) => {
          expect(unknown).toEqual({})
          const Condition = Object.fromEntries(
            (condition as { test: string; variable: string; values: string[] }[]).map(({ test, variable, values }) => [
              test,
              { [variable]: values[0] },
            ]),
          )
          return { Action: actions, Resource: resources, Condition } as unknown as Statement
        },
      )
      const { Statement } = policyFor(role, options)
      const named = options.kmsKeyId === 'alias/aws/dynamodb' ? Statement : byArnOfKey(Statement)
      expect(linesOf(statements), name).toEqual(linesOf(named))
    }
  })

  const KEYS = 'arn:aws:kms:eu-central-1:123456789012:key/*'
  const KEY_ARN = 'arn:aws:kms:eu-central-1:123456789012:key/found'

  /** Terraform finds the key of an id or an alias. So the policy names the key itself. */
  function byArnOfKey(statements: readonly Statement[]): Statement[] {
    return statements.map(({ Condition, ...statement }) => {
      if (!String(statement.Resource).includes(':kms:')) return statement
      const { 'ForAnyValue:StringEquals': _, ...others } = Condition ?? {}
      return { ...statement, Resource: KEY_ARN, Condition: others }
    })
  }

  /** The file, references to variables replaced by their defaults. */
  async function parsed(title: string) {
    const { parse } = createRequire(join(root, 'package.json'))('@cdktf/hcl2json') as {
      parse(name: string, text: string): Promise<Json>
    }
    const file = await parse('session-table.tf', readFileSync(fileOf(title, 'session-table.tf'), 'utf8'))
    const variables = file.variable as Record<string, [{ default: unknown }]>
    const table = `arn:aws:dynamodb:eu-central-1:123456789012:table/${variables.session_table_name?.[0].default}`
    const kms = variables.session_table_kms_key_id?.[0].default
    const filledIn = (text: string): unknown => {
      const [, name, days] = /^\$\{var\.(\w+)(?: \? (\d+) : null)?\}$/.exec(text) ?? []
      if (name === undefined) {
        return text
          .replace(/^\$\{replace\(aws_dynamodb_table\.sessions\.arn, "\/:dynamodb:.*\)\}$/, KEYS)
          .replace(/\$\{aws_dynamodb_table\.sessions\.arn\}/, table)
          .replace(/\$\{split\(":", aws_dynamodb_table\.sessions\.arn\)\[3\]\}/, table.split(':')[3] ?? '')
          .replaceAll('%%{', '%{')
      }
      const value = variables[name]?.[0].default
      if (days === undefined) return resolve(value)
      return value === true ? Number(days) : null
    }
    const resolve = (node: unknown, key = ''): unknown => {
      if (Array.isArray(node)) return node.map((entry) => resolve(entry, key))
      if (node === '${data.aws_kms_key.sessions.arn}') return key === 'kms_key_arn' ? kms : KEY_ARN
      if (typeof node === 'string') return filledIn(node)
      if (typeof node !== 'object' || node === null) return node
      return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, resolve(value, name)]))
    }
    if (kms !== undefined) {
      expect(file.data).toMatchObject({ aws_kms_key: { sessions: [{ key_id: '${var.session_table_kms_key_id}' }] } })
    }
    return resolve({ data: file.data, resource: file.resource }) as { data: Json; resource: Json }
  }
})
