import type { LoaderFunctionArgs } from 'react-router'
import { sessions } from './session.js'

export const loader = ({ request }: LoaderFunctionArgs) =>
  sessions.run(request, (session) => Response.json(`hello ${session.get('user') ?? 'nobody'}`))
