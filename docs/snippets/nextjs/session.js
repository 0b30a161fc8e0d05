export { sessions } from '../react-router/session.js'
