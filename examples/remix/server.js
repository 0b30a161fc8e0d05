import { createServer } from 'node:http'
import { createRequestListener } from '@remix-run/node-fetch-server'
import { router } from './router.js'

const port = Number(process.env.PORT ?? 3500)
const server = createServer(createRequestListener((request) => router.fetch(request)))
server.listen(port, () => console.log(`http://localhost:${port}`))
