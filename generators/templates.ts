/** The folder of all templates: the same relative place in the sources and in dist/chunks/. */
export const TEMPLATES = new URL('../templates/', import.meta.url)
