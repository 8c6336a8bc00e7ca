/**
 * One end of a measured transfer, as a process of its own: `send` or `receive`, address, port, bytes, repeats. Each prints the kernel's monotonic milliseconds: the sender when it
 * hands a message over, the receiver when it has it whole. The receiver answers each with one byte, upon which the next one goes.
 */
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

const [, , role = '', address = '', port = '', length = '', turns = ''] = process.argv
const [bytes, repeats] = [Number(length), Number(turns)]

function tell (): void {
  process.stdout.write(`${Number(process.hrtime.bigint()) / 1e6}\n`)
}

function receive (socket: Socket): void {
  let [left, done] = [bytes, 0]
  socket.on('data', (piece: Buffer) => {
    left -= piece.length
    if (left > 0) return
    tell()
    left = bytes
    if (++done === repeats) socket.end()
    else socket.write('+')
  })
}

function send (socket: Socket): void {
  const message = Buffer.alloc(bytes)
  const next = (): void => {
    tell()
    socket.write(message)
  }
  socket.on('connect', next)
  socket.on('data', next)
  socket.on('end', () => { socket.end() })
}

if (role === 'send') send(connect({ host: address, port: Number(port), noDelay: true }))
else {
  const server = createServer({ noDelay: true }, socket => {
    receive(socket)
    server.close()
  })
  server.listen(Number(port), address, () => { process.stdout.write('ready\n') })
}
