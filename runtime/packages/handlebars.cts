/** Loaded by the first template that is rendered. */
const compile: typeof import('handlebars').compile = (...given) => require('handlebars').compile(...given)

export = { compile }
