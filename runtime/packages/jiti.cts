// Only for `await import('#jiti')`: most applications have no TypeScript for it.
import jiti = require('jiti')

const { createJiti } = jiti
export = { createJiti }
