import { readFileSync } from 'node:fs'
import escapeHtml from 'escape-html'

const style = readFileSync(new URL('style.css', import.meta.url), 'utf8')

/** @param problem what to correct in the form */
export function signInPage(problem?: string): string {
  const alert = problem ? `<p role="alert">${escapeHtml(problem)}</p>` : ''
  return page(
    'Sign in',
    `${alert}
    <form method="post" action="/sign-in">
      <label for="user">Your name</label>
      <input id="user" name="user" maxlength="50" autocomplete="username" required>
      <button>Sign in</button>
    </form>`,
  )
}

/** @param signedInAt time as an ISO text */
export function helloPage(user: string, signedInAt: string): string {
  return page(
    `Hello ${user}`,
    `<p>You signed in on <time datetime="${escapeHtml(signedInAt)}">${new Date(signedInAt).toUTCString()}</time>.
      Restart the server: you stay signed in.</p>
    <form method="post" action="/sign-out">
      <button>Sign out</button>
    </form>`,
  )
}

/** @param content HTML */
function page(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <link rel="icon" href="data:,">
    <title>${escapeHtml(title)}</title>
    <style>${style}</style>
  </head>
  <body>
    <main>
      <h1>${escapeHtml(title)}</h1>
      ${content}
    </main>
  </body>
</html>
`
}
