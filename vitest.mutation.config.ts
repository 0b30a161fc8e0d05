import { defineConfig } from 'vitest/config'
import { unit } from './vitest.config.js'

const { FOLDER: folder = 'session/item' } = process.env

/** For StrykerJS (stryker.config.mjs): the unit tests of one folder. */
export default defineConfig({ ...unit, test: { ...unit.test, include: [`test/unit/${folder}/*.test.ts`] } })
