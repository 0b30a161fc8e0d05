import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoSessionStore } from 'dynamo-session-store/express'

// #region profile
export const byProfile = new DynamoSessionStore({ region: 'eu-central-1', profile: 'shop' })
// #endregion profile

// #region credentials
export const byCredentials = new DynamoSessionStore({
  region: 'eu-central-1',
  credentials: async () => ({
    accessKeyId: process.env.SHOP_KEY_ID ?? '',
    secretAccessKey: process.env.SHOP_KEY ?? '',
  }),
})
// #endregion credentials

// #region client
export const byClient = new DynamoSessionStore({ client: new DynamoDBClient({ region: 'eu-central-1' }) })
// #endregion client
