// npm run docs:screenshots: writes docs/images/ from the example express-shop. Run it by hand, after a change of the pages.
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { missingBrowser, openBrowser } from '../../test/browser/support/browser.js'
import { type Example, startExample } from '../../test/browser/support/example.js'

const IMAGES = join(import.meta.dirname, '../../docs/images')

/** Browsers of one user, which the page "Where you are signed in" lists. The pictures show the last one. */
const USER_AGENTS = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
]

async function takeScreenshots(browser: Browser, example: Example): Promise<void> {
  for (const userAgent of USER_AGENTS) {
    const page = await browser.newPage({
      baseURL: example.url,
      userAgent,
      colorScheme: 'light',
      viewport: { width: 860, height: 480 },
    })
    await page.goto('/sign-in')
    await page.getByLabel('Name').fill('ada')
    await page.getByLabel('Password').fill('milk in first')
    await page.getByRole('main').getByRole('button').click()
    await page.waitForURL('/')
    if (userAgent !== USER_AGENTS.at(-1)) continue
    for (const tea of ['Assam', 'Sencha']) await page.getByRole('button', { name: `Add ${tea} to the cart` }).click()
    await page.screenshot({ path: join(IMAGES, 'shop.png') })
    await page.goto('/devices')
    await page.screenshot({ path: join(IMAGES, 'where-you-are-signed-in.png') })
  }
}

if (missingBrowser) throw new Error(`The screenshots need Chromium: ${missingBrowser}`)
const example = await startExample({ name: 'express-shop', port: 3000 })
const browser = await openBrowser()
try {
  await takeScreenshots(browser, example)
} finally {
  await browser.close()
  await example.stop()
}
