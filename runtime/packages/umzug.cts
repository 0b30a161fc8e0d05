import umzug = require('umzug')

const { Umzug } = umzug
export = { Umzug }
