/** Loaded when the first template is rendered. */
const compile: typeof import('handlebars').compile = (...given) => require('handlebars').compile(...given)

export = { compile }
