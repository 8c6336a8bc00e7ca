import { vectorsOf } from '../../node/snapshots/replica-vectors.ts'
import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import type { Clock, Peers } from '../../src/ports.ts'
import { words } from '../../src/random/words.ts'
import { catchUp, comeIn, FIRST_PEERS_TIMEOUT_MS, presentPeers } from '../../src/transfer/come-in.ts'
import type { ComingIn } from '../../src/transfer/come-in.ts'
import { fetchReplica } from '../../src/transfer/fetch-replica.ts'
import { isAttestable, isOneContent } from '../../src/transfer/method-replicas.ts'
import { settled } from './settled.ts'
import type { SimulatedPeer } from './simulated-peer.ts'
import type { Scenario } from './simulation-scenario.ts'
import { hashOf } from './snapshot-holder.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'
import { VirtualSnapshots } from './virtual-snapshots.ts'

/** Of the seed's words: the seeds of sketches. */
const SKETCHES_STREAM = 107

export interface JoiningOptions {
  readonly peer: SimulatedPeer
  readonly scenario: Scenario
  readonly network: VirtualNetwork
  readonly byId: (id: string) => SimulatedPeer | undefined
  readonly say: (sentence: string) => void
}

/** Comes to a run under way by the very code of a real peer: looks for members, fetches a replica of theirs if they are ahead of its own, and begins. */
export async function joinInProgress (options: JoiningOptions): Promise<void> {
  const { peer, say } = options
  const { clock, peers, store: { saved } } = peer
  if (clock === undefined || peers === undefined) return
  const around: ComingIn = {
    clock: patient(clock), peers: { present: () => peers.present(), onChange: settling(peers, clock) }, isImported: false, signal: new AbortController().signal,
    fetch: async (fromRound, patienceMs) => fetchSnapshot(options, { clock, peers }, fromRound, patienceMs),
    say: sentence => { say(`${peer.id} ${sentence}`) }
  }
  const own = saved?.averaging.round ?? 0
  if (own > 0) await presentPeers({ ...around, fits: () => true, timeoutMs: FIRST_PEERS_TIMEOUT_MS })
  const replica = own > 0 ? await catchUp(around, own) : await comeIn(around)
  if (replica === undefined) say(`${peer.id} begins with ${own === 0 ? 'the genesis weights' : `its own weights of round ${own}`}`)
  peer.live({ saved, replica }).start()
}

interface Machine {
  readonly clock: MachineClock
  readonly peers: Peers
}

async function fetchSnapshot ({ peer, scenario, network, byId, say }: JoiningOptions, { clock, peers }: Machine, fromRound: number, patienceMs: number): Promise<ReplicaSnapshot | undefined> {
  const { plan } = peer
  const seeds = words(scenario.seed, SKETCHES_STREAM, peer.index)
  const memberOf = (id: string): { readonly held: NonNullable<SimulatedPeer['held']>, readonly clock: MachineClock } | undefined => {
    const member = byId(id)
    return member?.held === undefined || member.clock === undefined ? undefined : { held: member.held, clock: member.clock }
  }
  const replica = await fetchReplica({
    clock: patient(clock), store: peer.parts, plan, fromRound, patienceMs, isAttested: isAttestable(scenario.method), isShared: () => scenario.joinsFromOne ?? isOneContent(scenario.method), signal: new AbortController().signal,
    peers: new VirtualSnapshots({
      peers, clock, network, memberOf, payloadScale: scenario.payloadScale ?? 1, refuse: (peerId, why) => { say(`${peer.id} refuses ${peerId}: ${why}`) }
    }),
    hash: hashOf, drawSeed: () => seeds.next(), fault: () => undefined, say: sentence => { say(`${peer.id} ${sentence}`) }, onProgress: () => undefined
  })
  return replica === undefined ? undefined : vectorsOf(replica, plan.values)
}

/** A machine's clock for code that is written with promises: time stands still until each step of it is through. */
function patient (clock: MachineClock): Clock {
  return { nowMs: () => clock.nowMs(), schedule: (delayMs, callback) => clock.schedule(delayMs, async () => { callback(); return settled() }) }
}

/** The same of news. */
function settling (peers: Pick<Peers, 'onChange'>, clock: MachineClock): Peers['onChange'] {
  return listener => peers.onChange(() => {
    listener()
    clock.follow(settled())
  })
}
