import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A file of the application could not be loaded: its `cause` says why, the message what to do. */
export class ModuleLoadError extends Error {
  override readonly name = 'ModuleLoadError'
}

/**
 * Loads a module of the application: JavaScript of either module system, or TypeScript.
 *
 * @param file absolute path
 * @param root folder of the application, where tsx is looked for
 * @throws {ModuleLoadError} when it is TypeScript and nothing here can run that
 */
export async function loadModule(file: string, root: string): Promise<Record<string, unknown>> {
  if (isTypeScript(file)) await enableTypeScript(root, file)
  return await import(pathToFileURL(file).href)
}

export function isTypeScript(file: string): boolean {
  return ['.ts', '.mts', '.cts'].includes(extname(file))
}

let enabled = false

/** Makes `import` and `require` accept TypeScript: by the application's tsx, else by Node's own type stripping. */
export async function enableTypeScript(root: string, file: string): Promise<void> {
  if (enabled) return
  const require = createRequire(join(root, 'package.json'))
  try {
    const esm = await import(pathToFileURL(require.resolve('tsx/esm/api')).href)
    const cjs = await import(pathToFileURL(require.resolve('tsx/cjs/api')).href)
    esm.register()
    cjs.register()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw cause
    if (!('typescript' in process.features && process.features.typescript)) {
      const text = `${file} is TypeScript, which Node ${process.versions.node} can't run by itself: npm install --save-dev tsx`
      throw new ModuleLoadError(text, { cause })
    }
  }
  enabled = true
}
