import { platform, release } from 'node:os'
import { VERSION } from '../version.js'
import { assertHeaderValue } from './header-value.js'

/**
 * The header `user-agent`, in the style of the AWS SDK.
 *
 * @param appId the application's name in AWS's logs (`AWS_SDK_UA_APP_ID`)
 * @throws {ConfigurationError} when a header can't hold `appId`
 */
export function userAgent(appId?: string): string {
  const runtime = ['deno', 'bun'].find((name) => process.versions[name])
  const sections = [
    `dynamo-session-store/${token(VERSION)}`,
    `os/${token(platform())}#${token(release())}`,
    'lang/js',
    runtime ? `md/${runtime}#${token(process.versions[runtime] ?? '')}` : `md/nodejs#${token(process.versions.node)}`,
  ]
  if (appId) {
    assertHeaderValue('ENV AWS_SDK_UA_APP_ID', appId.replace(/\P{ASCII}/gu, '-'))
    sections.push(`app/${token(appId)}`)
  }
  return sections.join(' ')
}

/** Makes a token (RFC 9110) that may contain "#". Like the SDK, it replaces other characters by "-". */
function token(text: string): string {
  return text.replace(/[^!$%&'*+\-.^_`|~\w#]/g, '-')
}
