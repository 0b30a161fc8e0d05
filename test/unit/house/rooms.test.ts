import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { folderWith } from '../../support/folder.js'

const ROOT = join(import.meta.dirname, '../../..')
const CONFIGURATION = join(ROOT, '.dependency-cruiser.mjs')

interface Room {
  readonly room: string
  readonly may: readonly string[]
}

// Plain JavaScript without declarations, as dependency-cruiser reads it.
const { ROOMS }: { ROOMS: readonly Room[] } = await import(CONFIGURATION)

interface Cruise {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly unknown[] }[]
  readonly summary: { readonly violations: readonly Violation[] }
}

interface Violation {
  readonly from: string
  readonly to: string
  readonly rule: { readonly name: string }
}

/** What dependency-cruiser finds in a folder, with this project's rules. */
function cruise(folder: string, ...paths: readonly string[]): Cruise {
  const executable = join(ROOT, 'node_modules/.bin/depcruise')
  const args = ['--config', CONFIGURATION, '--output-type', 'json', ...paths]
  const { stdout, stderr } = spawnSync(executable, args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

const pathOf = (room: string) => (room === 'generators' ? room : `runtime/${room}`)
const importer = (from: string, to: string) => `${pathOf(from)}/imports-${to.replaceAll('/', '-')}.ts`
const lineOf = ({ from, to, rule }: Violation) => `${from} → ${to}: ${rule.name}`

describe('the house', () => {
  let house: Cruise
  beforeAll(() => {
    house = cruise(ROOT, 'runtime', 'generators', 'plopfile.ts')
  })

  it('keeps to its arrows, without a circle', () => {
    expect(house.summary.violations.map(lineOf)).toEqual([])
  })

  it('is checked completely', () => {
    const sources = ['runtime', 'generators'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.c?ts$/.test(name))
        .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
    )
    const cruised = new Set(house.modules.map(({ source }) => source))
    expect(sources.filter((source) => !cruised.has(source))).toEqual([])
    // Without a parser for TypeScript no module would import anything.
    expect(house.modules.filter(({ dependencies }) => dependencies.length > 1).length).toBeGreaterThan(100)
  })

  it('has a room for each folder', () => {
    const folders = readdirSync(join(ROOT, 'runtime'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'packages')
      .map(({ name }) => name)
    expect(ROOMS.map(({ room }) => room).toSorted()).toEqual([...folders, 'generators'].toSorted())
  })

  it('has the same arrows in docs/architecture.md as in the rules', () => {
    const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
    const [, picture = ''] = /```mermaid\n([\s\S]*?)```/.exec(page) ?? []
    const drawn = [...picture.matchAll(/^ *(\S+) --> (.+)$/gm)].map(
      ([, room, rooms = '']) => `${room} → ${rooms.split(' & ').toSorted().join(', ')}`,
    )
    const rules = ROOMS.filter(({ may }) => may.length > 0).map(
      ({ room, may }) => `${room} → ${may.toSorted().join(', ')}`,
    )
    expect(drawn.toSorted()).toEqual(rules.toSorted())
  })
})

describe('the rules of the house', () => {
  it('allow the arrows, and no other imports', () => {
    // A small house, in which each room imports a file of every other room.
    const rooms = [...ROOMS.map(({ room }) => room), 'session/item', 'session/item/attributes']
    const pairs = rooms.flatMap((from) => rooms.filter((to) => to !== from).map((to) => ({ from, to })))
    const folder = folderWith({
      'tsconfig.json': '{}',
      ...Object.fromEntries(rooms.map((room) => [`${pathOf(room)}/a.ts`, 'export const a = 1\n'])),
      ...Object.fromEntries(
        pairs.map(({ from, to }) => {
          const path = posix.relative(pathOf(from), `${pathOf(to)}/a.js`)
          return [
            importer(from, to),
            `import { a } from '${path.startsWith('.') ? path : `./${path}`}'\nexport { a }\n`,
          ]
        }),
      ),
    })
    const isAllowed = (from: string, to: string) => {
      const isIn = (room: string) => (place: string) => place === room || place.startsWith(`${room}/`)
      const { room, may } = ROOMS.find((candidate) => isIn(candidate.room)(from)) ?? { room: '', may: [] }
      return [room, 'configuration', 'async', ...may].some((allowed) => isIn(allowed)(to))
    }
    const forbidden = pairs.filter(({ from, to }) => !isAllowed(from, to))
    expect(forbidden.length).toBeGreaterThan(70)
    expect(
      cruise(folder, 'runtime', 'generators')
        .summary.violations.map(({ from, to }) => `${from} → ${to}`)
        .toSorted(),
    ).toEqual(forbidden.map(({ from, to }) => `${importer(from, to)} → ${pathOf(to)}/a.ts`).toSorted())
  })

  it('refuse circles, also of types, and imports that cannot be followed', () => {
    const folder = folderWith({
      'tsconfig.json': '{}',
      'runtime/session/a.ts': "import type { B } from './b.js'\nexport interface A { readonly b: B }\n",
      'runtime/session/b.ts': "import type { A } from './a.js'\nexport interface B { readonly a: A }\n",
      'runtime/session/c.ts': "import { d } from './d.js'\nexport const c = d\n",
      'runtime/errors.ts': "import { c } from './session/c.js'\nexport { c }\n",
      'runtime/table/index.ts': "import { c } from '../index.js'\nexport { c }\n",
      'runtime/index.ts': "export { c } from './errors.js'\n",
      'runtime/express.ts': "export { c } from './index.js'\n",
    })
    expect(cruise(folder, 'runtime').summary.violations.map(lineOf).toSorted()).toEqual([
      'runtime/errors.ts → runtime/session/c.ts: arrows-of-shared-files',
      'runtime/express.ts → runtime/index.ts: nobody-imports-entries',
      'runtime/session/a.ts → runtime/session/b.ts: no-circle',
      'runtime/session/c.ts → ./d.js: not-to-unresolvable',
      'runtime/table/index.ts → runtime/index.ts: arrows-of-table',
      'runtime/table/index.ts → runtime/index.ts: nobody-imports-entries',
    ])
  })
})
