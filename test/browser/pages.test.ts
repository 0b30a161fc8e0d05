import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../support/engines-start.js'
import { missingBrowser, openBrowser } from './support/browser.js'
import { CopiedExample } from './support/copied-example.js'

/** What a visitor types and sees. */
const PAGES = [
  { name: 'koa', label: 'Your name', typed: 'ada', hello: 'Hello ada', welcome: 'Sign in' },
  { name: 'nest', label: 'Your name', typed: 'ada', hello: 'Hello ada', welcome: 'Sign in' },
  { name: 'remix', label: 'Your name', typed: 'ada', hello: 'Hello ada', welcome: 'Sign in' },
  {
    name: 'rails-and-node',
    label: 'Your user id, a number',
    typed: '42',
    hello: 'Node: user 42',
    welcome: 'Node: sign in',
  },
]

if (missingBrowser) console.warn(`skipped: the pages of the examples, because ${missingBrowser}`)
const title = missingBrowser ? `the pages (skipped: ${missingBrowser})` : 'the pages'

describe.skipIf(missingBrowser !== undefined)(title, () => {
  let browser: Browser
  let context: BrowserContext
  let example: CopiedExample
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 390, height: 700 } })
  })
  afterEach(async () => {
    await context.close()
    await example.remove()
  })

  const heading = (page: Page) => page.getByRole('heading', { level: 1 }).innerText()
  const fits = (page: Page) => page.evaluate('document.documentElement.scrollWidth <= innerWidth')

  it.each(PAGES)('of $name can be used on a phone, by the keyboard alone', async (texts) => {
    const { name, label, typed, hello, welcome } = texts
    const port = await freePort()
    example = await CopiedExample.of(name)
    await example.start({ PORT: String(port), DYNAMODB_PORT: String(await freePort()) })
    const page = await context.newPage()
    const problems: string[] = []
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))

    await page.goto(`http://localhost:${port}/`)
    expect(await page.title()).toBe(welcome)
    expect(await fits(page)).toBe(true)
    await page.getByLabel(label).press('Enter')
    expect(await heading(page)).toBe(welcome) // The browser itself asks for the missing text.

    await page.keyboard.type(typed)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Sign out' }).waitFor()
    expect(await heading(page)).toBe(hello)
    expect(await fits(page)).toBe(true)

    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })

    const tab = await context.newPage()
    await tab.goto(`http://localhost:${port}/`)
    expect(await heading(tab)).toBe(hello)
    await tab.getByRole('button', { name: 'Sign out' }).press('Enter')
    await tab.getByLabel(label).waitFor()
    await page.reload()
    expect(await heading(page)).toBe(welcome)
    expect(problems).toEqual([])
  })
})
