/**
 * Keeps the AWS SDK's warning of Node 20 out of the output of commands: `dynamo-session doctor` says the same in one
 * line. A value of the user stays.
 */
export function silenceNodeWarning(): void {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
}
