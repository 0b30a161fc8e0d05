/** Loaded by the first call, which has a wrong name to explain. */
type Levenshtein = typeof import('fastest-levenshtein')

const levenshtein = (): Levenshtein => require('fastest-levenshtein')

const closest: Levenshtein['closest'] = (...given) => levenshtein().closest(...given)
const distance: Levenshtein['distance'] = (...given) => levenshtein().distance(...given)

export = { closest, distance }
