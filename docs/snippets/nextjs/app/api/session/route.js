import { sessions } from '../../../session.js'

export const GET = (request) =>
  sessions.run(request, (session) => new Response(`hello ${session.get('user') ?? 'nobody'}`))

export const POST = (request) =>
  sessions.run(request, (session, options) => {
    // Check the user's password first.
    options.renew = true
    session.set('user', 'ada')
    return new Response('signed in as ada')
  })

export const DELETE = (request) =>
  sessions.run(request, (session) => {
    session.destroy()
    return new Response('signed out')
  })
