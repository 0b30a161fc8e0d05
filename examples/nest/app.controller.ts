import { promisify } from 'node:util'
import { Body, Controller, Get, Post, Req, Res, Session, UseGuards } from '@nestjs/common'
import type { Request, Response } from 'express'
import type { SessionData } from 'express-session'
import { helloPage, signInPage } from './pages.js'
import { SignedInGuard } from './signed-in.guard.js'

@Controller()
export class AppController {
  @Get()
  home(@Session() { user, signedInAt }: SessionData): string {
    return user && signedInAt ? helloPage(user, signedInAt) : signInPage()
  }

  @Post('sign-in')
  async signIn(@Body('user') name: unknown, @Req() request: Request, @Res() response: Response): Promise<void> {
    const user = typeof name === 'string' ? name.trim() : ''
    if (user === '' || user.length > 50) {
      response.status(400).send(signInPage('Enter a name of at most 50 characters.'))
      return
    }
    // Check a password here: examples/express-shop shows how.
    const { session: old } = request
    await promisify(old.regenerate.bind(old))() // A new id, so that nobody who knew the old one is signed in.
    const { session } = request
    session.user = user
    session.signedInAt = new Date().toISOString()
    await promisify(session.save.bind(session))() // Otherwise the browser may follow the redirection too early.
    response.redirect(303, '/')
  }

  @Post('sign-out')
  async signOut(@Req() { session }: Request, @Res() response: Response): Promise<void> {
    await promisify(session.destroy.bind(session))()
    response.redirect(303, '/')
  }

  /** JSON, only for a user who is signed in. */
  @Get('me')
  @UseGuards(SignedInGuard)
  me(@Session() { user, signedInAt }: SessionData) {
    return { user, signedInAt }
  }
}
