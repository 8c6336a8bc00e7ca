import type { ReplicaSnapshot } from '../../src/averaging/averaging-state.ts'
import { reasonOf } from '../../src/errors.ts'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { Peers, PresentPeer } from '../../src/ports.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'

/** Time for the first handshakes with the peers of an invite; without an answer by then this peer begins alone. */
const FIRST_PEERS_TIMEOUT_MS = 15_000
/** Members that are asked for their weights before this peer begins from the genesis. */
const SOURCES_TRIED = 3

/**
 * For a peer that joins a run under way: weights of a member, so that it does not drag the others back to the genesis.
 * Undefined when the run has not begun, or nobody gives any; every step is told in a sentence.
 */
export async function fetchRunningState (network: SwarmNetwork, run: RunManifest, say: (sentence: string) => void, signal: AbortSignal): Promise<ReplicaSnapshot | undefined> {
  say('looking for the peers of the invite')
  const present = await firstPeers(network, signal)
  if (present.length === 0) {
    say(`none of the invite’s peers answers yet${run.genesis === undefined ? '; beginning from the genesis weights and looking on' : ''}`)
    return undefined
  }
  return fetchFrom(network, run, present.filter(peer => peer.round > 0), say, signal)
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

async function firstPeers (peers: Peers, signal: AbortSignal): Promise<readonly PresentPeer[]> {
  if (peers.present().length > 0) return peers.present()
  return new Promise((resolve, reject) => {
    const release = (): void => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
    const finish = (): void => { release(); resolve(peers.present()) }
    const onAbort = (): void => { release(); reject(signal.reason as Error) }
    const timer = setTimeout(finish, FIRST_PEERS_TIMEOUT_MS)
    const unsubscribe = peers.onChange(() => { if (peers.present().length > 0) finish() })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
