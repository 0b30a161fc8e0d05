import { Router } from 'express'
import { cataloguePage } from '../pages/catalogue.js'

export const catalogue = Router()

catalogue.get('/', (req, res) => {
  res.send(cataloguePage(req))
})
