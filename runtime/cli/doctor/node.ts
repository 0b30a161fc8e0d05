import type { Finding } from './finding.js'

/** The oldest major version of Node.js for versions of the AWS SDK from January 2027 on (the SDK's own warning). */
const NEEDED_BY_SDK = 22

/** @param version as in `process.versions.node` */
export function nodeFinding(version: string): Finding {
  const check = 'node'
  if (Number.parseInt(version, 10) >= NEEDED_BY_SDK) return { level: 'ok', check, text: version }
  return {
    level: 'warning',
    check,
    text: `${version}, which versions of the AWS SDK from January 2027 on do not support`,
    remedy: `update Node.js to version ${NEEDED_BY_SDK} or later`,
  }
}
