/**
 * The exports of a CommonJS package by their names. Node finds the names; a bundler (esbuild, with ES modules) may give
 * `default` alone.
 *
 * @param module what `import()` gave
 * @param name one of the exports
 */
export function namedExports<M extends object>(module: M, name: keyof M): M {
  return name in module ? module : (module as unknown as { readonly default: M }).default
}
