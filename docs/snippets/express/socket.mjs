// @ts-nocheck express-session's types ask for a request of Express, and it works with Node's.
import { createServer } from 'node:http'
import { sessions } from './session.js'

const server = createServer((_req, res) => res.end('no page here'))

// #region upgrade
server.on('upgrade', (req, socket, head) => {
  sessions(req, {}, (error) => {
    if (error || !req.session.user) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
    accept(req, socket, head)
  })
})
// #endregion upgrade

/** In an application: the WebSocket server takes over, and sends the user's name. */
function accept(req, socket) {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  socket.on('data', () => {
    // #region message
    req.session.reload((error) => {
      if (error) return socket.destroy() // The session was deleted or has expired.
      socket.write(req.session.user)
    })
    // #endregion message
  })
}

server.listen(process.env.PORT ?? 3000)
