import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { envName } from '../../runtime/configuration/option-table.js'

/** A fresh folder with these files, removed after the test. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'dynamo-session-store-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** A link in a folder to the packages of this repository, as if they were installed there. */
export function linkPackages(folder: string): void {
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'))
}

/** The same as {@link folderWith}, being the current folder during the test. */
export function currentFolderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = folderWith(files)
  const spy = vi.spyOn(process, 'cwd').mockReturnValue(folder)
  onTestFinished(() => spy.mockRestore())
  return folder
}

/** Variables with which a vitest project sets the form of stored sessions (vitest.config.ts). */
const STORED_FORM = [envName('hashSessionIds'), envName('encryptionKeys')]

/** Sets variables for the test; all of AWS and of this package that the machine has are unset. */
export function environmentWith(variables: Readonly<Record<string, string>> = {}): void {
  onTestFinished(() => void vi.unstubAllEnvs())
  for (const name of Object.keys(process.env)) {
    if (STORED_FORM.includes(name)) continue
    if (/^(AWS_|NODE_ENV$|SECRET_KEY_BASE$|DEBUG$)/.test(name)) vi.stubEnv(name, undefined)
  }
  const nowhere = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nowhere',
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
  }
  for (const [name, value] of Object.entries({ ...nowhere, ...variables })) vi.stubEnv(name, value)
}
