/** Loaded at the first call, which happens only to explain a wrong name. */
type Levenshtein = typeof import('fastest-levenshtein')

const levenshtein = (): Levenshtein => require('fastest-levenshtein')

const closest: Levenshtein['closest'] = (...given) => levenshtein().closest(...given)
const distance: Levenshtein['distance'] = (...given) => levenshtein().distance(...given)

export = { closest, distance }
