import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import type { NextFunction, Request, Response } from 'express'
import { AppModule } from './app.module.js'
import { sessions } from './session.js'

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] })

app.use((_request: Request, response: Response, next: NextFunction) => {
  response.set('Cache-Control', 'no-store') // The pages are for one user. After the sign-out, "back" shows none of them.
  next()
})
app.use(sessions)

const port = Number(process.env.PORT ?? 3400)
await app.listen(port)
console.log(`http://localhost:${port}`)
