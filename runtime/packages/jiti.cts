// Import this file only by `await import('#jiti')`: most applications never need jiti.
import jiti = require('jiti')

const { createJiti } = jiti
export = { createJiti }
