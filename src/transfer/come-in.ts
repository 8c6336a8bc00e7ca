import type { ReplicaSnapshot } from '../averaging/averaging-state.ts'
import type { Clock, Peers, PresentPeer } from '../ports.ts'

/** Time for the first handshakes with the peers of an invite, each of which may take a busy machine as long as a dial may; without an answer by then this peer begins alone. */
export const FIRST_PEERS_TIMEOUT_MS = 30_000
/** A member of an imported run measures its model before it tells that it has weights; a large one takes a minute or two. */
const IMPORTED_WEIGHTS_TIMEOUT_MS = 180_000
/** Members that train have a snapshot after their first round; writing a large one takes seconds. */
const SNAPSHOT_PATIENCE_MS = 30_000
/** A returning peer that is asked to wait for longer may as well train. */
const CATCHING_UP_PATIENCE_MS = 5_000
/** A returning peer's own weights are worth keeping while the swarm is not this far ahead. */
const ROUNDS_BEHIND = 5

/** What a peer that comes to a run sees of it. */
export interface ComingIn {
  readonly clock: Clock
  readonly peers: Pick<Peers, 'present' | 'onChange'>
  /** Whether the run starts from weights that somebody has to give. */
  readonly isImported: boolean
  /** A believed replica of this round or a later one, if any member gives it by then. */
  readonly fetch: (fromRound: number, patienceMs: number) => Promise<ReplicaSnapshot | undefined>
  readonly say: (sentence: string) => void
  /** Whether somebody answered, and does not let this peer in. */
  readonly isRefused?: () => boolean
  readonly signal: AbortSignal
}

/**
 * For a peer that joins a run under way: a recent replica of its members, so that it does not drag the others back to the genesis. Undefined when the run
 * has not begun, or nobody gives any; every step is told in a sentence.
 *
 * @throws the signal's reason
 */
export async function comeIn ({ clock, peers, isImported, fetch, say, isRefused = () => false, signal }: ComingIn): Promise<ReplicaSnapshot | undefined> {
  say('looking for the peers of the invite')
  const present = await presentPeers({ clock, peers, fits: () => true, timeoutMs: FIRST_PEERS_TIMEOUT_MS, signal })
  if (present.length === 0) {
    const why = isRefused() ? 'whoever answers does not let this peer in (shoal peers --rejected says why)' : 'none of the invite’s peers answers yet'
    say(`${why}${isImported ? '' : '; beginning from the genesis weights and looking on'}`)
    return undefined
  }
  if (isImported) {
    say('waiting for a peer that gives the weights which this run starts from')
    await presentPeers({ clock, peers, fits: hasBegun, timeoutMs: IMPORTED_WEIGHTS_TIMEOUT_MS, signal })
  }
  return peers.present().some(hasBegun) ? fetch(1, SNAPSHOT_PATIENCE_MS) : undefined
}

/**
 * For a peer that was away or still preparing while the swarm went on: a replica, when the swarm is ahead by more than a few rounds, or this peer has not begun
 * at all and the others have.
 *
 * @throws the signal's reason
 */
export async function catchUp ({ peers, fetch }: Pick<ComingIn, 'peers' | 'fetch'>, ownRound: number): Promise<ReplicaSnapshot | undefined> {
  const fromRound = ownRound + (ownRound === 0 ? 1 : ROUNDS_BEHIND)
  return peers.present().some(({ round }) => round >= fromRound) ? fetch(fromRound, CATCHING_UP_PATIENCE_MS) : undefined
}

/** Whoever has a round behind it has weights; importing them counts as one. */
function hasBegun ({ round }: PresentPeer): boolean {
  return round > 0
}

export interface Awaited {
  readonly clock: Clock
  readonly peers: Pick<Peers, 'present' | 'onChange'>
  readonly fits: (peer: PresentPeer) => boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The members that fit: as soon as there is one, or those there are (none) when the time is over. @throws the signal's reason */
export async function presentPeers ({ clock, peers, fits, timeoutMs, signal }: Awaited): Promise<readonly PresentPeer[]> {
  signal.throwIfAborted()
  const fitting = (): readonly PresentPeer[] => peers.present().filter(fits)
  if (fitting().length > 0) return fitting()
  return new Promise((resolve, reject) => {
    const release = (): void => {
      cancel()
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
    const finish = (): void => { release(); resolve(fitting()) }
    const onAbort = (): void => { release(); reject(signal.reason as Error) }
    const cancel = clock.schedule(timeoutMs, finish)
    const unsubscribe = peers.onChange(() => { if (fitting().length > 0) finish() })
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
