/** Loaded at the first call, because most applications have no configuration file. A file is read synchronously. */
type Yaml = typeof import('yaml')

const yaml = (): Yaml => require('yaml')

const parseAllDocuments: Yaml['parseAllDocuments'] = (...given) => yaml().parseAllDocuments(...given)
const isAlias = (node: unknown) => yaml().isAlias(node)
const isMap = (node: unknown) => yaml().isMap(node)
const isScalar = (node: unknown) => yaml().isScalar(node)
const isSeq = (node: unknown) => yaml().isSeq(node)

export = { parseAllDocuments, isAlias, isMap, isScalar, isSeq }
