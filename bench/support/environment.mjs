import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Credentials and region that no engine and no stub checks. */
export const AWS = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
}

/**
 * The environment of an application in production that finds DynamoDB there, and nothing of the environment that the
 * bench was started in: no AWS profile, no option of a session store.
 *
 * @param {string} endpoint
 */
export function applicationEnvironment(endpoint) {
  const { PATH, SystemRoot } = process.env
  const nowhere = join(tmpdir(), 'dynamo-session-store-bench-has-no-aws-files')
  return {
    PATH,
    ...(SystemRoot && { SystemRoot }),
    NODE_ENV: 'production',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    AWS_REGION: AWS.region,
    AWS_ACCESS_KEY_ID: AWS.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: AWS.credentials.secretAccessKey,
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  }
}
