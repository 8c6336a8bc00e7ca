import type { Multiaddr } from '@multiformats/multiaddr'
import { lookup } from 'node:dns/promises'

/** Where to send packets to: a host by number, names being looked up. @throws for a name that there is not, or an address without a port */
export async function endpointOf (address: Multiaddr): Promise<{ readonly host: string, readonly port: number, readonly family: 4 | 6 }> {
  const [where, udp] = address.getComponents()
  if (where?.value === undefined || udp?.name !== 'udp') throw new Error(`${address.toString()} names no UDP port of a host`)
  const family = where.name.endsWith('4') ? 4 : where.name.endsWith('6') ? 6 : 0
  const found = await lookup(where.value, { family })
  return { host: found.address, port: Number(udp.value), family: found.family === 6 ? 6 : 4 }
}
