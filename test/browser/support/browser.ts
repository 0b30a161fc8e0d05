import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Why no browser can be started. Undefined: it can. */
export const missingBrowser = existsSync(EXECUTABLE)
  ? undefined
  : `there is no ${EXECUTABLE}: apt-get install chromium, or set CHROMIUM`

/** Starts a headless Chromium with an empty profile. It makes no connections of its own. */
export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: EXECUTABLE,
    args: ['--disable-gpu', '--disable-quic', '--disable-sync', '--no-first-run'],
  })
}
