import { piecesIn } from '../cart.js'
import { html } from '../html.js'

/** The frame of every page. */
export function page(req, title, main) {
  const { user_id, cart } = req.session
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Leaf &amp; Cup</title>
<link rel="stylesheet" href="/shop.css">
<link rel="icon" href="/cup.svg">
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
  <a class="brand" href="/"><img src="/cup.svg" alt="" width="28" height="28">Leaf &amp; Cup</a>
  <nav aria-label="Shop">
    <a href="/">Teas</a>
    <a href="/cart">Cart <span class="count">${piecesIn(cart)}</span></a>
    ${user_id ? signedIn(user_id) : html`<a href="/sign-in">Sign in</a>`}
  </nav>
</header>
<main id="main">
<h1>${title}</h1>
${main}
</main>
<footer>Served by the server on port ${req.socket.localPort}. Reload the page: the other server responds, with the same session.</footer>
</body>
</html>`.text
}

const signedIn = (name) => html`<a href="/devices">Account <span class="count">${name}</span></a>
    <form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>`
