/**
 * Loaded into a peer's process before its program (`--import`): whatever it dials over TCP goes through its gateway, to which it first says
 * whom it means. The program itself knows nothing of it, and listens, announces and meets others as it does anywhere.
 */
import net from 'node:net'
import { syncBuiltinESMExports } from 'node:module'
import { GATEWAY_VARIABLE } from './gateway-variable.ts'

const [gatewayPort = '', gatewayHost = '127.0.0.1'] = (process.env[GATEWAY_VARIABLE] ?? '').split(':').reverse()
const gateway = Number(gatewayPort)
const direct = net.connect

function connect (...given: unknown[]): net.Socket {
  const [options] = given
  if (typeof options !== 'object' || options === null || !('port' in options)) return Reflect.apply(direct, net, given) as net.Socket
  const { host = 'localhost', port } = options as net.TcpNetConnectOpts
  const socket = direct({ ...options as net.TcpNetConnectOpts, host: gatewayHost, port: gateway })
  socket.write(`${host} ${port}\n`)
  return socket
}

if (gateway > 0) {
  Object.assign(net, { connect, createConnection: connect })
  syncBuiltinESMExports()
}
