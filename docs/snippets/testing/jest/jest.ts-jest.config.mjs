export default {
  transform: {
    '\\.[jt]s$': ['ts-jest', { tsconfig: { allowJs: true, esModuleInterop: true, isolatedModules: true } }],
  },
  transformIgnorePatterns: ['/node_modules/(?!dynamo-session-store/)'],
}
