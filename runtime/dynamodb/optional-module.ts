import { fitForLine } from '../fit-for-output.js'
import { warnProcess } from '../output.js'

const told = new Set<string>()

/**
 * Loads a module that requests can do without: bundles and test runners have ways of their own to load modules, and some of
 * those fail. A warning of the process says so once.
 *
 * @param without what happens without it
 * @returns undefined where it can't be loaded
 */
export async function loadOptional<T>(load: () => Promise<T>, without: string): Promise<T | undefined> {
  try {
    return await load()
  } catch (error) {
    if (!told.has(without)) warnProcess(`${without}: ${fitForLine(error)}`, 'DYNAMO_SESSION_STORE_NOT_LOADED')
    told.add(without)
    return undefined
  }
}
