import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import { reasonOf } from '../../src/errors.ts'
import type { PresentPeer } from '../../src/ports.ts'
import type { SimulatedPeer } from './simulated-peer.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** Time for the first handshakes; without an answer by then a peer begins alone. */
const FIRST_PEERS_TIMEOUT_MS = 15_000
/** Members that are asked for their weights before a peer begins with what it has. */
const SOURCES_TRIED = 3
/** A returning peer's own weights are worth keeping while the swarm is not this far ahead. */
const ROUNDS_BEHIND = 5
const BYTES_A_WEIGHT = 4

export interface JoiningOptions {
  readonly peer: SimulatedPeer
  readonly network: VirtualNetwork
  readonly byId: (id: string) => SimulatedPeer | undefined
  readonly payloadScale: number
  readonly say: (sentence: string) => void
}

/** Comes to a run under way as a real peer does: looks for members, takes a member's weights if they are ahead of its own, and begins. */
export function joinInProgress (options: JoiningOptions): void {
  const { peer, say } = options
  const { clock, peers } = peer
  if (clock === undefined || peers === undefined) return
  let isLooking = true
  const look = (): void => {
    if (!isLooking) return
    isLooking = false
    unsubscribe()
    const own = peer.averaging?.describe().round ?? 0
    const ahead = peers.present().filter(({ round }) => round - own >= (own === 0 ? 1 : ROUNDS_BEHIND))
    const sources = [...ahead].sort((one, other) => other.round - one.round).slice(0, SOURCES_TRIED)
    if (sources.length === 0) say(`${peer.id} begins with ${own === 0 ? 'the genesis weights' : `its own weights of round ${own}`}`)
    askInTurn(options, sources)
  }
  const unsubscribe = peers.onChange(look)
  clock.schedule(FIRST_PEERS_TIMEOUT_MS, look)
}

function askInTurn (options: JoiningOptions, sources: readonly PresentPeer[]): void {
  const { peer, say } = options
  const [source, ...others] = sources
  if (source === undefined) {
    peer.averaging?.start()
    return
  }
  fetchFrom(options, source.peerId, (snapshot, why) => {
    if (snapshot === undefined) {
      say(`${source.peerId} gives ${peer.id} no weights: ${why}`)
      askInTurn(options, others)
    } else {
      say(`${peer.id} took over the replica of ${source.peerId}, round ${snapshot.round}`)
      peer.adopt(snapshot)
      peer.averaging?.start()
    }
  })
}

/** The request takes its way, the source copies its replica, the bytes take theirs. */
function fetchFrom ({ peer, network, byId, payloadScale }: JoiningOptions, from: string, done: (snapshot: ReplicaSnapshot | undefined, why: string) => void): void {
  const source = byId(from)
  const fail = (why: string): void => { peer.clock?.reach(() => { done(undefined, why) }) }
  network.carry(peer.id, from, REQUEST_BYTES, arrived => {
    if (!arrived || source?.averaging === undefined) { fail('it cannot be reached'); return }
    source.clock?.follow(source.averaging.snapshot().then(snapshot => {
      network.carry(from, peer.id, payloadScale * BYTES_A_WEIGHT * snapshot.weights.length, whole => {
        if (whole) peer.clock?.reach(() => { done(snapshot, '') })
        else fail('the connection was lost')
      })
    }, (thrown: unknown) => { fail(reasonOf(thrown)) }))
  })
}

const REQUEST_BYTES = 200
