/** The folder of all templates. The relative path is the same in the sources and in dist/chunks/. */
export const TEMPLATES = new URL('../templates/', import.meta.url)
