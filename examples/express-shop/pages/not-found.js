import { html } from '../html.js'
import { page } from './page.js'

export const notFoundPage = (req) =>
  page(req, 'Page not found', html`<p>The shop has no page here. <a href="/">Choose a tea</a>.</p>`)
