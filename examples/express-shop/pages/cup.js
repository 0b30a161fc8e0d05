import { html } from '../html.js'

/** A cup of tea. */
export const cup = (colour) => html`<svg class="cup" viewBox="26 0 88 80" aria-hidden="true">
  <path class="steam" d="M48 8q6 6 0 12M60 4q6 8 0 16M72 8q6 6 0 12"/>
  <path class="porcelain" d="M26 30h68q0 36-26 40h-16q-26-4-26-40z"/>
  <path class="handle" d="M92 36q16-4 15 8t-21 14"/>
  <ellipse cx="60" cy="31" rx="32" ry="5" fill="${colour}"/>
</svg>`
