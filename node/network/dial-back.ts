import { connect } from 'node:net'
import { reasonOf } from '../../src/errors.ts'

/** A TCP handshake over a satellite and back, several times. */
const DIAL_BACK_TIMEOUT_MS = 5_000
/** What both sides of a libp2p connection say first: a length and the name of multistream-select. */
const MULTISTREAM = '\u0013/multistream/1.0.0\n'

const TCP_ADDRESS = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)/

/** Opens a connection of its own to an address and waits for the first words of a libp2p node; says why not where it fails. */
export async function dialBack (address: string, signal?: AbortSignal): Promise<{ readonly reached: boolean, readonly why: string }> {
  try {
    const [, host = '', port = ''] = TCP_ADDRESS.exec(address) ?? []
    await greeting(host, Number(port), signal)
    return { reached: true, why: 'a libp2p node answered' }
  } catch (error) {
    return { reached: false, why: reasonOf(error) }
  }
}

async function greeting (host: string, port: number, signal: AbortSignal | undefined): Promise<void> {
  const timeout = AbortSignal.timeout(DIAL_BACK_TIMEOUT_MS)
  const socket = connect({ host, port, signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) })
  let heard = ''
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', error => { reject(timeout.aborted ? new Error(`no answer within ${DIAL_BACK_TIMEOUT_MS / 1000} s`) : error) })
      socket.once('close', () => { reject(new Error('it closed the connection')) })
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString('latin1')
        if (heard.startsWith(MULTISTREAM)) resolve()
        else if (!MULTISTREAM.startsWith(heard.slice(0, MULTISTREAM.length))) reject(new Error('something else than a libp2p node answered'))
      })
      socket.write(MULTISTREAM, 'latin1')
    })
  } finally {
    socket.removeAllListeners('error').on('error', () => undefined)
    socket.destroy()
  }
}
