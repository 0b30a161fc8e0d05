import { readFileSync } from 'node:fs'
import { html } from '@remix-run/html-template'
import { createHtmlResponse } from '@remix-run/response/html'

const style = readFileSync(new URL('style.css', import.meta.url), 'utf8')

/** @param {string} [problem] what to correct in the form */
export function signInPage(problem) {
  return page(
    'Sign in',
    html`${problem && html`<p role="alert">${problem}</p>`}
      <form method="post" action="/sign-in">
        <label for="user">Your name</label>
        <input id="user" name="user" maxlength="50" autocomplete="username" required>
        <button>Sign in</button>
      </form>`,
    problem ? 400 : 200,
  )
}

/** @param {string} user @param {string} signedInAt time as an ISO text */
export function helloPage(user, signedInAt) {
  return page(
    `Hello ${user}`,
    html`<p>You signed in on <time datetime="${signedInAt}">${new Date(signedInAt).toUTCString()}</time>.
        Restart the server: you stay signed in.</p>
      <form method="post" action="/sign-out">
        <button>Sign out</button>
      </form>`,
  )
}

function page(title, content, status = 200) {
  const body = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <link rel="icon" href="data:,">
    <title>${title}</title>
    <style>${html.raw`${style}`}</style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      ${content}
    </main>
  </body>
</html>
`
  // The pages are for one user. After the sign-out, "back" shows none of them.
  return createHtmlResponse(body, { status, headers: { 'Cache-Control': 'no-store' } })
}
