import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import { reasonOf } from '../../src/errors.ts'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { Peers, PresentPeer } from '../../src/ports.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'

/** Time for the first handshakes with the peers of an invite; without an answer by then this peer begins alone. */
export const FIRST_PEERS_TIMEOUT_MS = 15_000
/** A member of an imported run measures its model before it tells that it has weights; a large one takes a minute or two. */
const IMPORTED_WEIGHTS_TIMEOUT_MS = 180_000
/** Members that are asked for their weights before this peer begins from the genesis. */
const SOURCES_TRIED = 3

/**
 * For a peer that joins a run under way: weights of a member, so that it does not drag the others back to the genesis.
 * Undefined when the run has not begun, or nobody gives any; every step is told in a sentence.
 */
export async function fetchRunningState (network: SwarmNetwork, run: RunManifest, say: (sentence: string) => void, signal: AbortSignal): Promise<ReplicaSnapshot | undefined> {
  say('looking for the peers of the invite')
  const present = await presentPeers(network, () => true, FIRST_PEERS_TIMEOUT_MS, signal)
  if (present.length === 0) {
    say(`none of the invite’s peers answers yet${run.genesis === undefined ? '; beginning from the genesis weights and looking on' : ''}`)
    return undefined
  }
  if (run.genesis === undefined) return fetchFrom(network, run, present.filter(hasBegun), say, signal)
  say('waiting for a peer that gives the weights which this run starts from')
  return fetchFrom(network, run, await presentPeers(network, hasBegun, IMPORTED_WEIGHTS_TIMEOUT_MS, signal), say, signal)
}

/** The import counts as a round, so whoever has one behind it has weights. */
function hasBegun (peer: PresentPeer): boolean {
  return peer.round > 0
}

/** A returning peer's own weights are worth keeping while the swarm is not this far ahead. */
const ROUNDS_BEHIND = 5

/**
 * For a peer that was away or still preparing while the swarm went on: a member's weights, when the swarm is ahead by
 * more than a few rounds, or this peer has not begun at all and the others have.
 */
export async function snapshotIfBehind (network: SwarmNetwork, run: RunManifest, ownRound: number, say: (sentence: string) => void, signal: AbortSignal): Promise<ReplicaSnapshot | undefined> {
  const limit = ownRound === 0 ? 1 : ROUNDS_BEHIND
  return fetchFrom(network, run, network.present().filter(peer => peer.round - ownRound >= limit), say, signal)
}

async function fetchFrom (network: SwarmNetwork, run: RunManifest, ahead: readonly PresentPeer[], say: (sentence: string) => void, signal: AbortSignal): Promise<ReplicaSnapshot | undefined> {
  for (const peer of [...ahead].sort((a, b) => b.round - a.round).slice(0, SOURCES_TRIED)) {
    try {
      const snapshot = await network.fetchSnapshot(peer.peerId, signal)
      checkGenesis(run, snapshot.step, snapshot.weights)
      return snapshot
    } catch (error) {
      signal.throwIfAborted()
      say(`${peer.peerId} gives no weights: ${reasonOf(error)}`)
    }
  }
  return undefined
}

/** The members that fit: as soon as there is one, or those there are (none) when the time is over. */
export async function presentPeers (peers: Peers, fits: (peer: PresentPeer) => boolean, timeoutMs: number, signal: AbortSignal): Promise<readonly PresentPeer[]> {
  const fitting = (): readonly PresentPeer[] => peers.present().filter(fits)
  if (fitting().length > 0) return fitting()
  return new Promise((resolve, reject) => {
    const release = (): void => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
    const finish = (): void => { release(); resolve(fitting()) }
    const onAbort = (): void => { release(); reject(signal.reason as Error) }
    const timer = setTimeout(finish, timeoutMs)
    const unsubscribe = peers.onChange(() => { if (fitting().length > 0) finish() })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
