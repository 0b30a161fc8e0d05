import { expect, it } from 'vitest'
import { flaggedBy } from './flagged.js'

const ROOMS = ['session/item', 'session/requests', 'cleaning', 'migrations/storage', 'dynamodb', 'dynamodb/lean']
const OTHERS = [
  'session',
  'table',
  'migrations',
  'adapters/express',
  'adapters/shared',
  'cli/commands',
  'configuration',
]

const IMPORTS = [
  "import type { AttributeValue } from '@aws-sdk/client-dynamodb'\nexport type A = AttributeValue\n",
  "import { type AttributeValue as Value } from '@aws-sdk/client-dynamodb'\nexport type A = Value\n",
]
const ANOTHER = "import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'\nexport type A = DynamoDBClient\n"

const filesIn = (rooms: readonly string[]) =>
  Object.fromEntries(
    rooms.flatMap((room) => [
      ...IMPORTS.map((text, index) => [`runtime/${room}/import-${index}.ts`, text]),
      [`runtime/${room}/another.ts`, ANOTHER],
    ]),
  )

it('allows only the rooms that build requests to import AttributeValue', () => {
  const expected = OTHERS.flatMap((room) => IMPORTS.map((_, index) => `runtime/${room}/import-${index}.ts`))
  const files = { ...filesIn([...ROOMS, ...OTHERS]), 'test/unit/a.ts': IMPORTS.join('\n') }
  expect(flaggedBy('lint/style/noRestrictedImports', files)).toEqual(expected.toSorted())
})
