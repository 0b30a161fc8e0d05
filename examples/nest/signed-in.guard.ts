import { type CanActivate, type ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common'
import type { Request } from 'express'

/** Lets only requests of a signed-in user pass: `@UseGuards(SignedInGuard)`. */
@Injectable()
export class SignedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<Request>()
    if (session.user === undefined) throw new UnauthorizedException('Sign in first')
    return true
  }
}
