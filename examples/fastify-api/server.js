import { app } from './app.js'

const port = Number(process.env.PORT ?? 3100)
await app.listen({ port })
console.log(`http://localhost:${port}`)
