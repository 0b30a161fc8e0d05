import { html } from '../html.js'
import { price, products } from '../products.js'
import { page } from './page.js'

export function cartPage(req) {
  const { cart = {} } = req.session
  const lines = products.filter(({ id }) => cart[id]).map((product) => ({ ...product, pieces: cart[product.id] }))
  const total = lines.reduce((sum, { cents, pieces }) => sum + cents * pieces, 0)
  return page(req, 'Cart', lines.length === 0 ? EMPTY : table(lines, total))
}

const EMPTY = html`<p>Your cart is empty. <a href="/">Choose a tea</a>.</p>`

const table = (lines, total) => html`
<table>
  <thead><tr><th scope="col">Tea</th><th scope="col">Pieces</th><th scope="col">Price</th><td></td></tr></thead>
  <tbody>${lines.map(row)}</tbody>
  <tfoot><tr><th scope="row" colspan="2">Total</th><td>${price(total)}</td><td></td></tr></tfoot>
</table>`

const row = ({ id, name, pieces, cents }) => html`
  <tr>
    <th scope="row">${name}</th><td>${pieces}</td><td>${price(cents * pieces)}</td>
    <td><form method="post" action="/cart/remove"><button class="quiet" name="product" value="${id}" aria-label="Remove one ${name}">Remove one</button></form></td>
  </tr>`
