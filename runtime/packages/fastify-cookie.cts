import cookie = require('@fastify/cookie')

export = cookie
