// scaffold.mjs
import nodePlop from 'node-plop'

const plop = await nodePlop('plopfile.mjs')
const generator = plop.getGenerator('session-config')
const { changes, failures } = await generator.runActions({ environment: 'production' })
for (const { error } of failures) throw new Error(error)
for (const { path } of changes) console.log(path)
