import { sessions } from './session.js'

export const loader = ({ request }) =>
  sessions.run(request, (session) => Response.json(`hello ${session.get('user') ?? 'nobody'}`))
