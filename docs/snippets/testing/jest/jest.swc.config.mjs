export default {
  transform: { '\\.[jt]s$': '@swc/jest' },
  transformIgnorePatterns: ['/node_modules/(?!dynamo-session-store/)'],
}
