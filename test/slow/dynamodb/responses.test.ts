import { describe } from 'vitest'
import { SENT } from '../../support/foreign-answers.js'
import { testResponses } from '../../support/responses.js'

// test/unit/dynamodb/responses.test.ts has the first two requests.
describe('responses through the transport sdk', () => testResponses('sdk', SENT.slice(2)))
