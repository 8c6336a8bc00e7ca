import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { words } from '../../src/random/words.ts'
import { ProxiedLinks } from '../links/proxied-links.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { VirtualClock } from '../simulator/virtual-clock.ts'
import { arrivalOf, VirtualLine } from '../simulator/virtual-lines.ts'

/** Of the seed's words. */
const STREAM = 401
/** Draws of a virtual transfer, of which the median is taken. */
const DRAWS = 1001

/** How long a message between two peers on such lines takes in the simulator, by the median, in milliseconds. */
export function simulatedMs (link: LinkProfile, bytes: number): number {
  const random = words(1, STREAM)
  return median(Array.from({ length: DRAWS }, () => {
    const line = (): VirtualLine => new VirtualLine(link, new VirtualClock(), random)
    return arrivalOf({ from: line(), to: line(), route: undefined, bytes, nowMs: 0, random })
  }))
}

/** The same between two sockets through the proxy, over a connection that is open; each transfer once the one before is through. */
export async function proxiedMs (link: LinkProfile, bytes: number, repeats: number): Promise<readonly number[]> {
  const links = new ProxiedLinks(1)
  const listener = createServer()
  try {
    const gateway = await links.open('A', link)
    links.book.shape('B', link)
    await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
    const { port } = listener.address() as AddressInfo
    links.place('B', port)
    const near = connect({ port: gateway, host: '127.0.0.1', noDelay: true })
    near.write(`127.0.0.1 ${port}\n`)
    const [far] = await once(listener, 'connection') as [Socket]
    const times: number[] = []
    for (let turn = 0; turn < repeats; turn++) times.push(await transferMs(near, far, bytes))
    return times
  } finally {
    await links.close()
    listener.close()
  }
}

/** From the first byte handed over to the last one received. */
export async function transferMs (near: Socket, far: Socket, bytes: number): Promise<number> {
  const startedMs = performance.now()
  const through = new Promise<number>((resolve, reject) => {
    let left = bytes
    const read = (piece: Buffer): void => {
      left -= piece.length
      if (left > 0) return
      far.off('data', read).off('error', reject)
      resolve(performance.now() - startedMs)
    }
    far.on('data', read)
    far.once('error', reject)
  })
  near.write(Buffer.alloc(bytes))
  return through
}

export function median (values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return ((sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? NaN)) / 2
}
