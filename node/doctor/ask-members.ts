import { reasonOf } from '../../src/errors.ts'
import { MAXIMUM_CHECKED_ADDRESSES, MAXIMUM_PROBE_BYTES } from '../../protocols/wire/limits.ts'
import type { ConnectedPeer, SwarmNetwork } from '../network/swarm-network.ts'
import type { NetworkAnswer } from './network-answer.ts'

/** Enough for the middle of several clocks; each costs a member some work. */
const ASKED_MEMBERS = 4
/** All of them together: the slowest probe takes half a minute, addresses that nobody answers at 5 s each. */
const ASKING_LIMIT_MS = 100_000

/** Asks some members, one after the other, so that their probes do not meet on the link; only the first one carries bytes. */
export async function askMembers (network: Pick<SwarmNetwork, 'checks' | 'addresses' | 'connectedPeers' | 'reach'>): Promise<Pick<NetworkAnswer, 'addresses' | 'reach' | 'members' | 'silent'>> {
  const signal = AbortSignal.timeout(ASKING_LIMIT_MS)
  const addresses = network.addresses()
  const direct = addresses.filter(address => !address.includes('/p2p-circuit')).slice(0, MAXIMUM_CHECKED_ADDRESSES)
  const members: NetworkAnswer['members'] = []
  const silent: NetworkAnswer['silent'] = []
  for (const { peerId, addresses: listens } of chosen(network.connectedPeers())) {
    const probe = members.length === 0 ? MAXIMUM_PROBE_BYTES : 0
    try {
      const { uploadBytesPerSecond, downloadBytesPerSecond, dials, ...check } = await network.checks.ask(peerId, { addresses: direct, upload: probe, download: probe }, signal)
      members.push({
        ...check, listens: [...listens], dials: [...dials], ...uploadBytesPerSecond === undefined ? {} : { uploadBytesPerSecond }, ...downloadBytesPerSecond === undefined ? {} : { downloadBytesPerSecond }
      })
    } catch (error) {
      silent.push({ peerId, why: reasonOf(error) })
    }
  }
  const reach = network.reach.describe()
  return { addresses, reach: { ...reach, relays: [...reach.relays] }, members, silent }
}

/** Those that we dialled first: they are where others can be reached, the rest may be in the next room. */
function chosen (peers: readonly ConnectedPeer[]): ConnectedPeer[] {
  return [...peers].sort((a, b) => Number(b.direction === 'outbound') - Number(a.direction === 'outbound')).slice(0, ASKED_MEMBERS)
}
