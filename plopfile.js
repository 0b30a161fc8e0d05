/** What plop loads, here and in applications. plop reports an error of loading, but ends with exit code 0 then. */
export default async function dynamoSessionStore(plop, config) {
  try {
    const pack = await import('./dist/plopfile.js')
    pack.default(plop, config)
  } catch (error) {
    process.exitCode = 1
    throw error
  }
}
