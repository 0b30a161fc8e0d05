import { Router } from 'express'
import { change } from '../cart.js'
import { cartPage } from '../pages/cart.js'
import { productOf } from '../products.js'
import { save } from '../session-changes.js'

export const cart = Router()

cart.get('/cart', (req, res) => {
  res.send(cartPage(req))
})

cart.post('/cart/add', async (req, res) => {
  const product = productOf(req.body?.product)
  if (!product) return res.status(404).send('There is no such tea.')
  req.session.cart ??= {}
  change(req.session.cart, product.id, 1)
  await save(req)
  res.redirect(303, `/?added=${product.id}`)
})

cart.post('/cart/remove', async (req, res) => {
  if (req.session.cart) {
    change(req.session.cart, req.body?.product, -1)
    await save(req)
  }
  res.redirect(303, '/cart')
})
