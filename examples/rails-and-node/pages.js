import { readFileSync } from 'node:fs'
import { html, raw } from 'hono/html'

const style = raw(readFileSync(new URL('style.css', import.meta.url), 'utf8'))

/** @param {string} [problem] what to correct in the form */
export function signInPage(problem) {
  return page(
    'Node: sign in',
    html`${problem && html`<p role="alert">${problem}</p>`}
      <form method="post" action="/sign-in">
        <label for="user_id">Your user id, a number</label>
        <input id="user_id" name="user_id" inputmode="numeric" pattern="[0-9]+" maxlength="9" required>
        <button>Sign in</button>
      </form>`,
  )
}

/** @param {number} userId @param {string[]} cart */
export function cartPage(userId, cart) {
  return page(
    `Node: user ${userId}`,
    html`<p>The Rails application shows the same user and the same cart.</p>
      <h2>Cart</h2>
      <ul>${cart.length > 0 ? cart.map((item) => html`<li>${item}</li>`) : html`<li>empty</li>`}</ul>
      <form method="post" action="/cart">
        <label for="item">Item</label>
        <input id="item" name="item" maxlength="50" required>
        <button>Add to the cart</button>
      </form>
      <form method="post" action="/sign-out">
        <button>Sign out</button>
      </form>`,
  )
}

/** @param {string} title @param {ReturnType<typeof html>} content */
function page(title, content) {
  return html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <link rel="icon" href="data:,">
    <title>${title}</title>
    <style>${style}</style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      ${content}
    </main>
  </body>
</html>
`
}
