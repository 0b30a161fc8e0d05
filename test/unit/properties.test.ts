import { describe } from 'vitest'
import { CONFIGURATION } from '../support/properties/configuration.js'
import { COOKIES } from '../support/properties/cookies.js'
import { DATA } from '../support/properties/data.js'
import { IDS } from '../support/properties/ids.js'
import { ITEMS } from '../support/properties/items.js'
import { NAMES } from '../support/properties/names.js'
import { OUTPUT } from '../support/properties/output.js'
import { checkAll } from '../support/properties/properties.js'

/** `test/slow/properties.test.ts` runs the same properties with many more inputs. */
const RUNS = 100

describe('cookies', () => checkAll(COOKIES, RUNS))
describe('session ids', () => checkAll(IDS, RUNS))
describe('items', () => checkAll(ITEMS, RUNS))
describe('session data', () => checkAll(DATA, RUNS))
describe('the configuration', () => checkAll(CONFIGURATION, RUNS))
describe('names', () => checkAll(NAMES, RUNS))
describe('output', () => checkAll(OUTPUT, RUNS))
