const session = require('express-session')
const DynamoDBStore = require('../../node_modules/connect-dynamodb')(session)

const store = new DynamoDBStore({ table: 'theirs', initialized: true })
store.get('4f6c1c6ad9f54d0b9d5c9f4b6f0c7a51', (error, session) => {
  process.exit(!error && session?.user_id === 4711 ? 0 : 1)
})
