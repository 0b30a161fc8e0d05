export const products = [
  { id: 'assam', name: 'Assam', about: 'Malty and strong. Takes milk.', cents: 890, colour: '#8c3b1f' },
  { id: 'darjeeling', name: 'Darjeeling', about: 'First flush, light as muscat.', cents: 1490, colour: '#c98a2b' },
  { id: 'sencha', name: 'Sencha', about: 'Steamed leaves, fresh as grass.', cents: 1250, colour: '#7d9a3c' },
  { id: 'oolong', name: 'Oolong', about: 'Rolled by hand, roasted twice.', cents: 1690, colour: '#b06a35' },
  { id: 'rooibos', name: 'Rooibos', about: 'Red, sweet, and no caffeine.', cents: 650, colour: '#a8401f' },
  { id: 'mint', name: 'Mint', about: 'Whole leaves of peppermint.', cents: 590, colour: '#a9b553' },
]

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })

export const price = (cents) => euros.format(cents / 100)
export const productOf = (id) => products.find((product) => product.id === id)
