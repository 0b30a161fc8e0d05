import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/** What an application of a user of ours may have beside our package, in the versions that this repository has. */
const BESIDE = [
  'plop',
  'knex',
  'umzug',
  'tsx',
  'typescript',
  'dynalite',
  'express',
  'express-session',
  'fastify',
  '@fastify/session',
  '@fastify/cookie',
  'koa',
  'koa-session',
  'hono',
  '@opentelemetry/api',
  '@hono/node-server',
  '@aws-sdk/client-kms',
  '@remix-run/session',
  '@remix-run/session-middleware',
  '@remix-run/cookie',
  '@remix-run/fetch-router',
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  'react-router',
  'react',
  'reflect-metadata',
  'rxjs',
  'pg',
  '@types/node',
  '@types/express',
  '@types/express-session',
  '@types/koa',
]

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder with package.json and node_modules, into which the packed tarball was installed as a user would. */
    installation: string
    /** The packed tarball. */
    tarball: string
  }
}

/** Packs the present sources and installs the tarball with npm once; each test gets a copy of that installation. */
export default async function setup(project: TestProject) {
  const folder = await mkdtemp(join(tmpdir(), 'dynamo-session-store-e2e-'))
  const tarball = await packSources(folder)
  project.provide('tarball', tarball)
  project.provide('installation', await install(folder, tarball))
  return () => rm(folder, { recursive: true, force: true })
}

/** Packs the present sources: a copy of them, so that building does not disturb the working tree. */
export async function packSources(folder: string): Promise<string> {
  const sources = join(folder, 'sources')
  const { stdout } = await run('git', ['ls-files', '-co', '--exclude-standard', '--deduplicate'], { cwd: ROOT })
  for (const file of stdout.trim().split('\n')) {
    await mkdir(dirname(join(sources, file)), { recursive: true })
    await copyFile(join(ROOT, file), join(sources, file)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  }
  await symlink(join(ROOT, 'node_modules'), join(sources, 'node_modules'))
  const packed = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: sources, shell: isWindows })
  const name = /"filename":\s*"([^"]+)"/.exec(packed.stdout)?.[1]
  if (!name) throw new Error(`npm pack did not say what it wrote: ${packed.stdout}`)
  return join(folder, name)
}

async function install(folder: string, tarball: string): Promise<string> {
  const installation = join(folder, 'installation')
  await mkdir(installation)
  await writeFile(join(installation, 'package.json'), '{ "private": true }\n')
  const versions = await Promise.all(BESIDE.map(async (name) => `${name}@${await installedVersion(name)}`))
  const sqlite = `better-sqlite3@npm:libsql@${await installedVersion('better-sqlite3')}`
  await run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', tarball, sqlite, ...versions],
    { cwd: installation, shell: isWindows },
  )
  return installation
}

async function installedVersion(name: string): Promise<string> {
  return JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version
}

const isWindows = process.platform === 'win32'
