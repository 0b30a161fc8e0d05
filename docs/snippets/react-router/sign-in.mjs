import { redirect } from 'react-router'
import { sessions } from './session.js'

export const action = ({ request }) =>
  sessions.run(request, (session, options) => {
    // Check the user's password first.
    options.renew = true
    session.set('user', 'ada')
    return redirect('/')
  })
