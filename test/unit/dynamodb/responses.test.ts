import { describe } from 'vitest'
import { SENT } from '../../support/foreign-answers.js'
import { testResponses } from '../../support/responses.js'

describe('responses through the transport lean', () => testResponses('lean', SENT))

// test/slow/dynamodb/responses.test.ts has the other requests.
describe('responses through the transport sdk', () => testResponses('sdk', SENT.slice(0, 2)))
