import cookie = require('cookie')

const { parseCookie, stringifySetCookie } = cookie
export = { parseCookie, stringifySetCookie }
