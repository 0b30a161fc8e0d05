import session = require('express-session')

export = session
