import 'reflect-metadata'
import { promisify } from 'node:util'
import { Controller, Get, HttpCode, Module, Post, Req, Session } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { Request } from 'express'
import type { SessionData } from 'express-session'
import { sessions } from './session.js'

@Controller()
class AppController {
  @Get()
  hello(@Session() session: SessionData) {
    return `hello ${session.user ?? 'nobody'}`
  }

  @Post('sign-in')
  @HttpCode(200)
  async signIn(@Req() request: Request) {
    // Check the user's password first.
    await promisify(request.session.regenerate).call(request.session)
    request.session.user = 'ada'
    return 'signed in as ada'
  }

  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Req() request: Request) {
    await promisify(request.session.destroy).call(request.session)
    return 'signed out'
  }
}

@Module({ controllers: [AppController] })
class AppModule {}

const app = await NestFactory.create(AppModule)
app.use(sessions)
await app.listen(process.env.PORT ?? 3000)
