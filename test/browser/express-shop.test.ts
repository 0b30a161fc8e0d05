import type { BrowserContext, Page } from 'playwright-core'
import { afterEach, expect, it } from 'vitest'
import { DynamoSessionStore } from '../../runtime/express.js'
import { inChromium } from './support/in-chromium.js'

inChromium('examples/express-shop', { name: 'express-shop' }, (opened) => {
  const contexts: BrowserContext[] = []
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close()
  })

  /** Another browser, with a cookie store of its own. */
  async function newBrowser(userAgent?: string): Promise<BrowserContext> {
    const { browser, example } = opened()
    const context = await browser.newContext({ baseURL: example.url, ...(userAgent !== undefined && { userAgent }) })
    contexts.push(context)
    return context
  }

  async function newTab(context?: BrowserContext): Promise<Page> {
    const page = await (context ?? (await newBrowser())).newPage()
    await page.goto('/')
    return page
  }

  async function signedIn(name: keyof typeof PASSWORDS, userAgent?: string): Promise<Page> {
    const page = await (await newBrowser(userAgent)).newPage()
    await page.goto('/sign-in')
    await page.getByLabel('Name').fill(name)
    await typePassword(page, PASSWORDS[name], 'Sign in')
    await page.waitForURL('/')
    return page
  }

  async function typePassword(page: Page, password: string, button: string): Promise<void> {
    await page.getByLabel(/password/i).fill(password)
    await page.getByRole('main').getByRole('button', { name: button }).click()
  }

  const add = async (page: Page, tea: string) => {
    const button = page.getByRole('button', { name: `Add ${tea} to the cart` })
    await Promise.all([page.waitForEvent('load'), button.click()])
  }
  const userOf = async (page: Page) => {
    await page.goto('/')
    return (await page.getByRole('link', { name: 'Sign in' }).isVisible()) ? 'nobody' : await nameIn(page)
  }
  const nameIn = (page: Page) => page.getByRole('navigation').locator('a[href="/devices"] .count').innerText()
  const cartOf = async (page: Page) => {
    await page.goto('/cart')
    const rows = await page.locator('tbody tr').all()
    const cells = await Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()))
    return Object.fromEntries(cells.map(([tea, pieces]) => [tea, Number(pieces)]))
  }

  it('serves one session from both servers', async () => {
    const { port } = opened().example
    const page = await signedIn('ada')
    const servers = new Set<string>()
    for (let visit = 0; visit < 4; visit++) {
      expect(await userOf(page)).toBe('ada')
      servers.add(/port (\d+)/.exec(await page.getByRole('contentinfo').innerText())?.[1] ?? '')
    }
    expect([...servers].toSorted()).toEqual([`${port + 1}`, `${port + 2}`])
  })

  it('keeps what two tabs put into the cart at the same moment', async () => {
    const one = await signedIn('ada')
    const two = await newTab(one.context())
    for (const [first, second] of [
      ['Assam', 'Mint'],
      ['Sencha', 'Sencha'],
      ['Oolong', 'Rooibos'],
      ['Sencha', 'Sencha'],
    ] as const) {
      await Promise.all([add(one, first), add(two, second)])
    }
    expect(await cartOf(one)).toEqual({ Assam: 1, Sencha: 4, Oolong: 1, Rooibos: 1, Mint: 1 })
  })

  it('keeps the session when a server is killed and starts again', async () => {
    const { example } = opened()
    const page = await signedIn('ada')
    await add(page, 'Assam')
    const [, pid = '', address = ''] = /server (\d+): (\S+)/.exec(example.output()) ?? []
    process.kill(Number(pid))
    expect(await userOf(page)).toBe('ada')
    await expect.poll(() => example.output().split(`: ${address}\n`)).toHaveLength(3)
    expect(await cartOf(page)).toEqual({ Assam: 1 })
    expect(await userOf(page)).toBe('ada')
  })

  it('gives the session another id at a sign-in, and keeps the cart', async () => {
    const page = await newTab()
    await add(page, 'Mint')
    await page.goto('/sign-in')
    const [before] = await page.context().cookies()
    await page.getByLabel('Name').fill('ada')
    await typePassword(page, PASSWORDS.ada, 'Sign in')
    await page.waitForURL('/')
    const [after] = await page.context().cookies()
    expect(after?.value).not.toBe(before?.value)
    expect(await cartOf(page)).toEqual({ Mint: 1 })
  })

  it('lets nobody in with a wrong password or name', async () => {
    const page = await newTab()
    for (const [name, password] of [
      ['ada', PASSWORDS.grace],
      ['nobody', PASSWORDS.ada],
    ] as const) {
      await page.goto('/sign-in')
      await page.getByLabel('Name').fill(name)
      await typePassword(page, password, 'Sign in')
      expect(await page.getByRole('alert').innerText()).toBe('This name and password do not match.')
    }
    expect(await userOf(page)).toBe('nobody')
  })

  it('signs both tabs out, deletes the cookie, and lets nobody in with a copy of it', async () => {
    const one = await signedIn('ada')
    const two = await newTab(one.context())
    const copies = await one.context().cookies()
    await one.getByRole('button', { name: 'Sign out' }).click()
    await one.waitForURL('/sign-in')
    expect(await one.context().cookies()).toEqual([])
    expect(await userOf(two)).toBe('nobody')
    await one.context().addCookies(copies)
    expect(await userOf(two)).toBe('nobody')
  })

  it('signs every browser of the user out, and nobody else', async () => {
    const [laptop, phone, grace] = [await signedIn('ada'), await signedIn('ada'), await signedIn('grace')]
    await laptop.goto('/devices')
    await laptop.getByRole('link', { name: 'Sign out everywhere' }).click()
    await typePassword(laptop, PASSWORDS.ada, 'Sign out everywhere')
    await laptop.waitForURL('/sign-in')
    expect(await Promise.all([laptop, phone, grace].map(userOf))).toEqual(['nobody', 'nobody', 'grace'])
  })

  it('ends one session, or all others, only with the password', async () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0'
    const [laptop, phone, library] = [await signedIn('ada'), await signedIn('ada'), await signedIn('ada', firefox)]
    const users = () => Promise.all([laptop, phone, library].map(userOf))
    const ask = async (link: string) => {
      await laptop.goto('/devices')
      await laptop.getByRole('link', { name: link }).click()
    }
    await ask('Sign out Firefox on Linux')
    await typePassword(laptop, 'guessed', 'Sign out')
    expect(await laptop.getByRole('alert').innerText()).toBe('This is not your password.')
    expect(await users()).toEqual(['ada', 'ada', 'ada'])

    await ask('Sign out Firefox on Linux')
    await typePassword(laptop, PASSWORDS.ada, 'Sign out')
    await laptop.waitForURL('/devices')
    expect(await laptop.getByText('this browser').count()).toBe(1)
    expect(await users()).toEqual(['ada', 'ada', 'nobody'])

    await ask('Sign out all other browsers')
    await typePassword(laptop, PASSWORDS.ada, 'Sign out all other browsers')
    await laptop.waitForURL('/devices')
    expect(await users()).toEqual(['ada', 'nobody', 'nobody'])
  })

  it('does not bring a session back that was deleted in the table', async () => {
    const page = await signedIn('grace')
    const endpoint = /AWS_DYNAMO_DB_SESSION_ENDPOINT=(\S+)/.exec(opened().example.output())?.[1]
    const store = new DynamoSessionStore({ endpoint, region: 'us-east-1', indexKeys: ['user_id'] })
    expect(await store.destroyBy('user_id', 'grace')).toBeGreaterThan(0)
    await add(page, 'Assam')
    expect(await userOf(page)).toBe('nobody')
    expect(await store.keysBy('user_id', 'grace')).toEqual([])
  })

  it('sends a cookie that no script reads', async () => {
    const page = await signedIn('ada')
    expect(await page.context().cookies()).toMatchObject([
      { name: 'session', path: '/', httpOnly: true, sameSite: 'Lax', secure: false },
    ])
    expect(await page.evaluate('document.cookie')).toBe('')
  })

  it('shows a hostile user agent as text', async () => {
    const page = await signedIn('ada', '<img src=x onerror=alert(1)>')
    await page.goto('/devices')
    expect(await page.getByRole('heading', { level: 2 }).first().innerText()).toContain('<img src=x onerror=alert(1)>')
    expect(await page.locator('main img').count()).toBe(0)
  })

  it('refuses a form of another site, which would sign the visitor in as another user', async () => {
    const { example } = opened()
    const page = await signedIn('ada')
    await page.route('http://other.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${example.url}/sign-in">
          <input name="name" value="grace"><input name="password" value="${PASSWORDS.grace}"><button>Win a prize</button>
        </form>`,
      }),
    )
    await page.goto('http://other.test/')
    await page.getByRole('button').click()
    await page.getByText('This form came from another site.').waitFor()
    expect(await userOf(page)).toBe('ada')
  })

  it('has a page of its own for an unknown address', async () => {
    const page = await signedIn('ada')
    const response = await page.goto('/no-such-page')
    expect(response?.status()).toBe(404)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Page not found')
    expect(await nameIn(page)).toBe('ada')
  })

  it('fits on a telephone', async () => {
    const page = await signedIn('ada')
    await page.setViewportSize({ width: 390, height: 800 })
    await add(page, 'Assam')
    for (const path of ['/', '/cart', '/devices', '/devices/end?which=others', '/sign-in', '/no-such-page']) {
      await page.goto(path)
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 390])
    }
  })
})

const PASSWORDS = { ada: 'milk in first', grace: 'two lumps please' } as const
