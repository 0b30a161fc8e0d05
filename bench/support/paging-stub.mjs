// A table without memory: pages a Scan through as many sessions as wanted, half of them over, and accepts all deletes.
// Run as a child process, with the number of sessions, and after how many milliseconds it answers; sends its port.
import http from 'node:http'

/** DynamoDB's limit of a page, in bytes of whole items ("Scan", API reference), and what such a session has. */
const PAGE = 1024 * 1024
const ITEM = 750

const [count, latency = 0] = process.argv.slice(2).map(Number)
const now = Date.now() / 1000
/** Not used for a month, or for a minute. */
const OVER = times(now - 30 * 24 * 3600)
const LIVE = times(now - 60)

const OPERATIONS = { Scan: scan, BatchExecuteStatement: acceptStatements, DeleteItem: () => '{}' }

const server = http.createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const operation = request.headers['x-amz-target'].split('.')[1]
    const answer = OPERATIONS[operation](JSON.parse(Buffer.concat(chunks).toString()))
    if (latency > 0) setTimeout(send, latency, response, answer)
    else send(response, answer)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.once('disconnect', () => process.exit())

function send(response, answer) {
  response.writeHead(200, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(answer),
    'x-amzn-requestid': 'TL0EV4FG0GR9S0RQ7NRAN2ETF7VV4KQNSO5AEMVJF66Q9ASUAAJG',
  })
  response.end(answer)
}

/** Sessions of connect-dynamodb where it scans: with ScanFilter, that of those that are over, and AttributesToGet. */
function scan({ TableName, Segment = 0, TotalSegments = 1, Limit = count, ExclusiveStartKey, ScanFilter }) {
  const end = Math.floor((count * (Segment + 1)) / TotalSegments)
  const first = ExclusiveStartKey ? indexAfter(ExclusiveStartKey) : Math.floor((count * Segment) / TotalSegments)
  const next = Math.min(end, first + Math.min(Limit, Math.floor(PAGE / ITEM)))
  const indexes = Array.from({ length: next - first }, (_, index) => first + index)
  const items = ScanFilter ? indexes.filter(isOver).map(theirItem) : indexes.map(item)
  const last = next < end ? `,"LastEvaluatedKey":{${ScanFilter ? theirKey(next - 1) : key(next - 1)}}` : ''
  const units = ((indexes.length * ITEM) / 4096 / 2).toFixed(1)
  const consumed = `"ConsumedCapacity":{"TableName":"${TableName}","CapacityUnits":${units}}`
  return `{"Items":[${items.join(',')}],"Count":${items.length},"ScannedCount":${indexes.length},${consumed}${last}}`
}

function indexAfter({ session_id, id }) {
  return Number((session_id ?? id).S.slice(-8)) + 1
}

function acceptStatements({ Statements }) {
  const consumed = { TableName: 'sessions', CapacityUnits: Statements.length }
  const responses = Statements.map(() => ({ TableName: 'sessions' }))
  return JSON.stringify({ ConsumedCapacity: [consumed], Responses: responses })
}

function isOver(index) {
  return index % 2 === 0
}

function item(index) {
  return `{${key(index)},${isOver(index) ? OVER : LIVE}}`
}

function key(index) {
  return `"session_id":{"S":"${idOf(index)}"}`
}

function theirItem(index) {
  return `{${theirKey(index)}}`
}

function theirKey(index) {
  return `"id":{"S":"sess:${idOf(index)}"}`
}

function idOf(index) {
  return `4f6c1c6ad9f54d0b9d5c9f4b${String(index).padStart(8, '0')}`
}

function times(seconds) {
  const at = `{"S":"${seconds.toFixed(6)}123456789"}`
  return `"created_at":${at},"updated_at":${at},"expire_at":{"N":"${Math.ceil(seconds) + 14 * 24 * 3600}"}`
}
