import { deviceName } from '../device-name.js'
import { html } from '../html.js'
import { page } from './page.js'

export const devicesPage = (req, sessions) =>
  page(
    req,
    'Where you are signed in',
    html`
<ul class="devices">${sessions.map(device)}</ul>
<p class="actions">
  ${sessions.length > 1 && html`<a class="button" href="/devices/end?which=others">Sign out all other browsers</a>`}
  <a class="button danger" href="/devices/end?which=everywhere">Sign out everywhere</a>
</p>`,
  )

const device = ({ handle, current, userAgent, address, createdAt, lastSeenAt }) => html`
<li class="card">
  <div>
    <h2>${deviceName(userAgent)}${current && html` <span class="badge">this browser</span>`}</h2>
    <p>Signed in ${time(createdAt)} from ${address}</p>
    <p>Last used ${time(lastSeenAt)}</p>
  </div>
  ${!current && html`<a class="button" href="/devices/end?which=${handle}" aria-label="Sign out ${deviceName(userAgent)}">Sign out</a>`}
</li>`

const format = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
const time = (date) => html`<time datetime="${date.toISOString()}">${format.format(date)} UTC</time>`
