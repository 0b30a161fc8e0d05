import { html } from '../html.js'
import { page } from './page.js'

const TITLES = new Map([
  ['others', 'Sign out all other browsers'],
  ['everywhere', 'Sign out everywhere'],
])

/** Asks for the password again, so that a visitor at an open browser can't lock out its user. */
export const endSessionsPage = (req, which, error = '') =>
  page(
    req,
    TITLES.get(which) ?? 'Sign out one browser',
    html`
<form class="card narrow" method="post" action="/devices/end">
  ${error && html`<p class="error" role="alert">${error}</p>`}
  <input type="hidden" name="which" value="${which}">
  <input type="hidden" name="name" value="${req.session.user_id}" autocomplete="username">
  <label for="password">Your password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required>
  <button class="danger">${TITLES.get(which) ?? 'Sign out'}</button>
  <a href="/devices">Cancel</a>
</form>`,
  )
