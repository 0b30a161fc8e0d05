export default {
  tableName: process.env.SESSION_TABLE ?? 'visits',
  maxStale: 14 * 24 * 3600,
}
