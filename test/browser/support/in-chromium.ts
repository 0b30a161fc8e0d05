import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { missingBrowser, openBrowser } from './browser.js'
import { type Example, type ExampleSettings, startExample } from './example.js'

/** What a suite uses. Both are there when its tests run. */
interface Opened {
  readonly browser: Browser
  readonly example: Example
}

/** Runs a suite with an example and a browser. Without Chromium it shows as skipped, with the reason in its title. */
export function inChromium(title: string, settings: ExampleSettings, suite: (opened: () => Opened) => void): void {
  if (missingBrowser) {
    console.warn(`skipped: ${title}, because ${missingBrowser}`)
    describe.skip(`${title} (skipped: ${missingBrowser})`, () => suite(() => never()))
    return
  }
  describe(title, () => {
    let opened: Partial<Opened> = {}
    beforeAll(async () => {
      opened = { example: await startExample(settings) }
      opened = { ...opened, browser: await openBrowser() }
    })
    afterEach(({ task }) => {
      if (task.result?.state === 'fail') console.error(`the example printed:\n${opened.example?.output()}`)
    })
    afterAll(async () => {
      await opened.browser?.close()
      await opened.example?.stop()
    })
    suite(() => opened as Opened)
  })
}

function never(): never {
  throw new Error('a skipped suite has no browser')
}
