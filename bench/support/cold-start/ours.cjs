const { DynamoSessionStore } = require('../../../dist/runtime/express.js')

const store = new DynamoSessionStore({ tableName: 'ours' })
store.get('4f6c1c6ad9f54d0b9d5c9f4b6f0c7a51', (error, session) => {
  process.exit(!error && session?.user_id === 4711 ? 0 : 1)
})
