import { redirect } from 'react-router'
import { sessionContext } from './root.mjs'

export const loader = ({ context }) => {
  const { session } = context.get(sessionContext)
  if (!session.has('user')) throw redirect('/sign-in')
  return { user: session.get('user') }
}
