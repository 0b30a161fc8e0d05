/** The file that plop loads, here and in applications. plop reports a failed import, but with exit code 0. */
export default async function dynamoSessionStore(plop, config) {
  try {
    const pack = await import('./dist/plopfile.js')
    await pack.default(plop, config)
  } catch (error) {
    process.exitCode = 1
    throw error
  }
}
