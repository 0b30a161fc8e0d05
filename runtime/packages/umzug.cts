import umzug = require('umzug')

const { CreateAction, ListAction, memoryStorage, Umzug, UmzugCLI } = umzug
export = { CreateAction, ListAction, memoryStorage, Umzug, UmzugCLI }
