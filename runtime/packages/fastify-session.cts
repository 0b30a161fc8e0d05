import session = require('@fastify/session')

export = session
