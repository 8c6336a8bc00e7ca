/** Limits of finding and reaching peers, each with its reason. */

const MINUTE_MS = 60_000

/** Kademlia of all runs together: an id of its own keeps it apart from the public one, which is no place for our addresses. */
export const DHT_PROTOCOL = '/shoal/kad/1.0.0'

/** A peer looks where it stands in the table this often; each time costs some tens of kilobytes in a swarm of a dozen (docs/results/idle-traffic.md). */
export const DHT_SELF_QUERY_MS = 5 * MINUTE_MS

/** Members that found nobody ask the table again after this, and twice as long each time. */
export const FIRST_LOOKUP_MS = 2_000

/** Members that have company ask for islands of their run this often: a lookup costs a few kilobytes. */
export const LOOKUP_MS = 5 * MINUTE_MS

/** Records are told anew this often: servers keep them in memory, and memories end. */
export const PROVIDE_MS = 60 * MINUTE_MS

/** A walk through the table ends by then; on a slow link it takes a few seconds. */
export const LOOKUP_LIMIT_MS = 30_000

/** Providers that one lookup takes in: enough to find any island. */
export const MAXIMUM_FOUND = 16

/** Questions on the local network; each is 100 bytes to everyone there. */
export const MDNS_INTERVAL_MS = MINUTE_MS

/** Relays at which a peer keeps a place: another one should the first be gone. */
export const RELAYS_WANTED = 2

/** Places that one peer gives to others: each may keep its uplink busy. */
export const MAXIMUM_RESERVATIONS = 16

/** A peer that nobody has dialled by then takes itself for unreachable. */
export const UNDIALLED_MS = 10_000

/** A member that gave no place is asked again after this. */
export const RELAY_RETRY_MS = MINUTE_MS

/** A relayed connection ends after this, and is dialled anew: a carrier that is tired of it has a way out. */
export const RELAYED_CONNECTION_MS = 120 * MINUTE_MS

/** One attempt at a direct way past two NATs: questions over the relay, and connection requests after 1, 3 and 7 s on lossy links. */
export const PUNCH_TIMEOUT_MS = 15_000

/** Requests of one attempt that a NAT or an idle machine may refuse until the other side dials, too. */
export const PUNCH_KNOCKS = 20

/** Pauses between them, of either side: unlike, so that they cannot miss each other again and again. */
export const PUNCH_KNOCK_MS = { first: 70, second: 110 } as const

/** A relayed connection is tried to be made direct so long after it was opened; by then NATs that will ever let somebody in have done so. */
export const PUNCH_ATTEMPTS_MS = [0, 10_000, 60_000, 600_000] as const

/** What a member may ask for: its attempts, and those after a reconnection. Each makes this peer send `PUNCH_KNOCKS` packets to where it says. */
export const PUNCH_RATE = { burst: 8, perSecond: 1 / 60 } as const

/** A relayed connection beside a direct one is closed when nothing is under way on it, and after this in any case. */
export const RELAYED_LINGER_MS = MINUTE_MS

/** The least that a relayed connection may carry: handshakes, announcements and files of a small run. */
const LEAST_RELAYED_BYTES = 64 * 1024 * 1024

/** Rounds that one relayed connection carries, both ways; the default of libp2p, 128 KiB, would cut the first one. */
const RELAYED_ROUNDS = 8

/** Bytes that a relay lets pass for one connection, both ways together, before it cuts it. */
export function relayedBytes (maximumPayloadBytes: number): number {
  return Math.max(LEAST_RELAYED_BYTES, 2 * RELAYED_ROUNDS * maximumPayloadBytes)
}
