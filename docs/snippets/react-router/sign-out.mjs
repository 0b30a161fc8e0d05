import { redirect } from 'react-router'
import { sessions } from './session.js'

export const action = ({ request }) =>
  sessions.run(request, (session) => {
    session.destroy()
    return redirect('/')
  })
