import { onTestFinished, vi } from 'vitest'

/**
 * Loads new copies of the modules, because the package warns once a process, and collects warnings of the process.
 *
 * @param load imports the module to test
 */
export async function withFreshWarnings<Module>(load: () => Promise<Module>) {
  vi.resetModules()
  const warnings: { code: string | undefined; text: string }[] = []
  const emitWarning = ((text: string, options?: { code?: string }) => {
    warnings.push({ code: options?.code, text })
  }) as typeof process.emitWarning
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation(emitWarning)
  onTestFinished(() => spy.mockRestore())
  return { module: await load(), warnings }
}
