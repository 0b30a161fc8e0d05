import { html } from '../html.js'
import { page } from './page.js'

export const signInPage = (req, { name = '', error = '' } = {}) =>
  page(
    req,
    'Sign in',
    html`
<form class="card narrow" method="post" action="/sign-in">
  ${error && html`<p class="error" role="alert">${error}</p>`}
  <label for="name">Name</label>
  <input id="name" name="name" value="${name}" autocomplete="username" required>
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required>
  <button>Sign in</button>
  <p class="hint">This shop knows <b>ada</b> (password: <code>milk in first</code>) and <b>grace</b> (<code>two lumps please</code>).</p>
</form>`,
  )
