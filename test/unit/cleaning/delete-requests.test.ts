import { expect, it } from 'vitest'
import { DeleteStatements, deleteInput } from '../../../runtime/cleaning/delete-requests.js'

const table = { tableName: 'my.sessions', tableKey: 'the "key"' }
const seen = { 'the "key"': { S: 'id' }, updated_at: { S: '1.5' }, expire_at: { N: '7' } }

it('a statement requires the times that the scan saw, and the absence of all other times', () => {
  expect(new DeleteStatements(table).of(seen)).toEqual({
    Statement:
      'DELETE FROM "my.sessions" WHERE "the ""key""" = ? AND "created_at" IS MISSING AND "updated_at" = ? ' +
      'AND "expire_at" = ? AND "locked_at" IS MISSING',
    Parameters: [{ S: 'id' }, { S: '1.5' }, { N: '7' }],
  })
})

it('a DeleteItem requires the same', () => {
  expect(deleteInput(seen, table)).toMatchObject({
    Key: { 'the "key"': { S: 'id' } },
    ConditionExpression:
      'attribute_not_exists(#created_at) AND #updated_at = :updated_at AND #expire_at = :expire_at ' +
      'AND attribute_not_exists(#locked_at)',
    ExpressionAttributeValues: { ':updated_at': { S: '1.5' }, ':expire_at': { N: '7' } },
  })
})
