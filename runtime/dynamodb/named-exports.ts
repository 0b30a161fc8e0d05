/**
 * The exports of a CommonJS package by their names. Node finds the names. A bundler that makes ES modules, such as esbuild,
 * may find only `default`.
 *
 * @param module the result of `import()`
 * @param name one of the exports
 */
export function namedExports<M extends object>(module: M, name: keyof M): M {
  return name in module ? module : (module as unknown as { readonly default: M }).default
}
