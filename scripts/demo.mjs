// The main job from beginning to end, in a fresh application on an embedded DynamoDB: npm run demo
// With a packed tarball in place of this repository (test/e2e/smoke.test.ts): node scripts/demo.mjs <tarball>
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { tsImport } from 'tsx/esm/api'

const { wrapped } = await tsImport('../runtime/terminal.ts', import.meta.url)

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const [TARBALL] = process.argv.slice(2)

const SERVER = `import express from 'express'
import session from 'express-session'
import { DynamoSessionStore } from 'dynamo-session-store/express'

const app = express()
app.use(session({
  store: new DynamoSessionStore(),
  secret: 'only for this demo',
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 3600_000 },
}))
app.get('/sign-in', (req, res) => { req.session.user = 'ada'; res.send('signed in as ada') })
app.get('/', (req, res) => res.send(req.session.user ? \`hello \${req.session.user}\` : 'hello nobody'))
app.get('/sign-out', (req, res, next) => req.session.destroy((error) => error ? next(error) : res.send('signed out')))
const server = app.listen(0, '127.0.0.1', () => console.log(\`listening on \${server.address().port}\`))
`

/** What the application has installed. Links replace `npm install`, so that the demo needs no network. */
const INSTALLED = ['plop', 'express', 'express-session', 'dynalite']

const children = new Set()
let step = 0

async function main(folder) {
  say('A fresh application', folder)
  makeApplication(folder)

  say('An embedded DynamoDB')
  const port = await freePort()
  const environment = applicationEnvironment(port)
  const run = (bin, ...args) => runBin(folder, environment, bin, args)
  await start(folder, environment, 'dynamo-session', ['local', '--port', String(port)], /http:\S+/)

  say('Generate: plopfile, configuration, migration')
  await run('dynamo-session', 'init')
  await run('plop', 'session-config')
  await run('plop', 'session-migration', 'AddSessions')
  const [migration] = readdirSync(join(folder, 'migrations'))
  assert.match(migration, /^\d{14}_add_sessions\.js$/)
  printCode(readFileSync(join(folder, 'migrations', migration), 'utf8').trimEnd(), '  | ')

  say('Deploy: the migration creates the table')
  await run('umzug', 'up')
  await run('dynamo-session', 'doctor')

  say('Run: two servers that share their sessions')
  writeFileSync(join(folder, 'server.mjs'), SERVER)
  const one = await startServer(folder, environment)
  const two = await startServer(folder, environment)
  const signedIn = await visit(one, '/sign-in')
  const cookie = signedIn.cookie
  assert.ok(cookie, 'signing in must set a cookie')
  assert.equal((await visit(two, '/', cookie)).text, 'hello ada')

  say('The item in the table (its key is a hash of the session id)')
  const [item, ...others] = await items(port)
  assert.equal(others.length, 0)
  assert.equal(item.data.S, '{"user":"ada"}')
  printCode(JSON.stringify(item, null, 2))

  say('Sign out on one server: signed out on both')
  await visit(one, '/sign-out', cookie)
  assert.equal((await visit(two, '/', cookie)).text, 'hello nobody')
  assert.equal((await items(port)).length, 0)

  say('Undo the deployment')
  await run('umzug', 'down')
  assert.ok(!(await tables(port)).includes('sessions'), 'the table must be deleted')
}

function makeApplication(folder) {
  writeFileSync(join(folder, 'package.json'), '{ "name": "demo", "private": true, "type": "module" }\n')
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  const link = (target, name) => {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(target, join(modules, name), 'junction')
  }
  const linkInstalled = (name) => link(join(ROOT, 'node_modules', name), name)
  if (TARBALL) unpack(TARBALL, join(modules, 'dynamo-session-store')).forEach(linkInstalled)
  else link(ROOT, 'dynamo-session-store')
  INSTALLED.forEach(linkInstalled)
  print(`installed: dynamo-session-store, ${INSTALLED.join(', ')}`)
}

/** Unpacks the package, and returns the names of its dependencies. */
function unpack(tarball, folder) {
  mkdirSync(folder)
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
  return Object.keys(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies)
}

/** The user's environment, without variables that would point the demo at another DynamoDB. */
function applicationEnvironment(port) {
  const own = Object.entries(process.env).filter(([name]) => !/^(AWS_|NODE_ENV$|npm_|DEBUG$)/.test(name))
  return {
    ...Object.fromEntries(own),
    AWS_DYNAMO_DB_SESSION_ENDPOINT: `http://localhost:${port}`,
    AWS_CONFIG_FILE: join(tmpdir(), 'no-aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(tmpdir(), 'no-aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_NO_WARNINGS: '1',
  }
}

async function runBin(folder, env, bin, args) {
  command(`npx ${[bin, ...args].join(' ')}`)
  const { child, output } = launch(folder, env, [binPath(folder, bin), ...args])
  const code = await ended(child)
  // plop's spinner without a terminal.
  print(
    output()
      .replace(/^- *\n/gm, '')
      .trimEnd()
      .replace(/\n-$/, ''),
  )
  assert.equal(code, 0, `npx ${[bin, ...args].join(' ')} must end with exit code 0, not ${code}`)
}

/** Starts a program that keeps running, and waits for a line that matches. */
async function start(folder, env, bin, args, ready) {
  command(`npx ${[bin, ...args].join(' ')}`)
  const { child, output } = launch(folder, env, [binPath(folder, bin), ...args])
  await Promise.race([until(() => ready.test(output())), failed(child, output)])
  print(output().trimEnd())
}

async function startServer(folder, env) {
  const { child, output } = launch(folder, env, ['server.mjs'])
  await Promise.race([until(() => /listening on \d+/.test(output())), failed(child, output)])
  const port = /listening on (\d+)/.exec(output())[1]
  command('node server.mjs', output().trim())
  return port
}

async function visit(port, path, cookie) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: cookie ? { cookie } : {} })
  const text = await response.text()
  print(`GET http://localhost:${port}${path} → ${response.status} ${text}`)
  assert.equal(response.status, 200)
  return { text, cookie: response.headers.get('set-cookie')?.split(';')[0] }
}

async function items(port) {
  const { DynamoDBClient, ScanCommand } = await import('@aws-sdk/client-dynamodb')
  const { Items } = await new DynamoDBClient(local(port)).send(new ScanCommand({ TableName: 'sessions' }))
  return Items
}

async function tables(port) {
  const { DynamoDBClient, ListTablesCommand } = await import('@aws-sdk/client-dynamodb')
  return (await new DynamoDBClient(local(port)).send(new ListTablesCommand({}))).TableNames
}

function local(port) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  return { endpoint: `http://localhost:${port}`, region: 'us-east-1', credentials }
}

function launch(cwd, env, args) {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  children.add(child)
  child.once('exit', () => children.delete(child))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk))
  return { child, output: () => text }
}

function binPath(folder, bin) {
  const name = bin === 'plop' ? 'plop' : 'dynamo-session-store'
  const installed = join(folder, 'node_modules', name)
  const { bin: bins } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  return join(installed, typeof bins === 'string' ? bins : bins[bin])
}

const ended = (child) => new Promise((resolve) => child.once('close', resolve))

async function failed(child, output) {
  const code = await ended(child)
  throw new Error(`ended with exit code ${code}:\n${output()}`)
}

async function until(condition) {
  for (let waited = 0; waited < 30_000; waited += 50) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('did not get ready within 30 seconds')
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

function say(title, detail = '') {
  step += 1
  const heading = wrapped(`${step}. ${title}${detail && ` (${detail})`}`, process.stdout)
  console.log(`\n${styleText('bold', heading, { stream: process.stdout })}`)
}

/** A command line, as a reader would type it. */
function command(line, comment = '') {
  const typed = styleText('cyan', `$ ${line}`, { stream: process.stdout })
  console.log(`   ${typed}${comment && `   # ${comment}`}`)
}

/** Prints sentences: in a terminal, in lines of its width. */
function print(text) {
  for (const line of text.split('\n')) console.log(wrapped(`   ${line}`, process.stdout, hangOf(line)))
}

/** Code, whose lines are not wrapped. */
function printCode(text, indent = '  ') {
  for (const line of text.split('\n')) console.log(`${indent} ${line}`)
}

/** Further lines begin below the last column of a table, such as doctor's. */
function hangOf(line) {
  return /^(?:\S.{0,20}? {2,}){2}/.exec(line)?.[0].length
}

async function stopChildren() {
  const stopped = [...children].map((child) => {
    child.kill()
    return ended(child)
  })
  await Promise.all(stopped)
}

const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-demo-'))
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, async () => {
    await stopChildren()
    rmSync(folder, { recursive: true, force: true })
    process.exit(code)
  })
}
try {
  await main(folder)
} catch (error) {
  process.exitCode = 1
  const failed = styleText('red', `The demo FAILED in step ${step}:`, { stream: process.stderr })
  console.error(`\n${failed} ${error.message}`)
} finally {
  await stopChildren()
  rmSync(folder, { recursive: true, force: true })
}
if (!process.exitCode) {
  assert.ok(!existsSync(dirname(join(folder, 'x'))), 'nothing may be left behind')
  const done = styleText('green', 'Done:', { stream: process.stdout })
  console.log(`\n${done} everything worked, and nothing is left behind.`)
}
