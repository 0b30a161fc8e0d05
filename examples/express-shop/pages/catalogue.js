import { html } from '../html.js'
import { price, productOf, products } from '../products.js'
import { cup } from './cup.js'
import { page } from './page.js'

export function cataloguePage(req) {
  const added = productOf(req.query.added)
  return page(
    req,
    'Teas',
    html`${added && html`<p class="notice" role="status">${added.name} is in your <a href="/cart">cart</a>.</p>`}
<ul class="teas">${products.map(card)}</ul>`,
  )
}

const card = ({ id, name, about, cents, colour }) => html`
<li class="card">
  ${cup(colour)}
  <h2>${name}</h2>
  <p>${about}</p>
  <form method="post" action="/cart/add">
    <span class="price">${price(cents)}</span>
    <button name="product" value="${id}" aria-label="Add ${name} to the cart">Add to cart</button>
  </form>
</li>`
