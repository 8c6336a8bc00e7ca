import type { Head } from './chain.ts'
import type { Entry } from './ledger-entry.ts'
import type { Ledger, LedgerRules, Snapshot } from './ledger.ts'

/** What stands for all packs of a run of a seed pool: its whole state. */
export interface RunSums {
  /** The step that half of those who take part have reached, and the one that nobody has passed: multiples of the window. */
  readonly begin: number
  readonly until: number
  /** Whose packs are counted, and how many of each. */
  readonly heads: readonly Head[]
  /** One whole number a seed. */
  readonly sums: Int32Array
}

/** Bytes of an entry besides its steps; of a head as it travels. */
const ENTRY_BYTES = 144
const HEAD_BYTES = 80
/** Heads that fit into a frame beside the largest pool's sums. */
const MOST_HEADS = 256

/** The answer of a peer whose packs are fewer bytes than its sums. */
export const NO_SUMS: RunSums = { begin: 0, until: 0, heads: [], sums: new Int32Array() }

/** The state of a whole run as one peer counts it. @param takenOver what this peer itself began with */
export function sumsOf (ledger: Ledger, sums: Int32Array, takenOver: RunSums | undefined): RunSums {
  const { window } = ledger.rules
  // a chain of which only later packs came has begun, and has none that count
  const heads = ledger.heads().filter(({ next }) => next > 0)
  const reached = Math.max(takenOver?.until ?? 0, ...heads.map(({ peer }) => ledger.reachOf(peer)))
  return { begin: beginOf(ledger, takenOver), until: Math.ceil(reached / window) * window, heads, sums }
}

/** The window that half of the peers have reached; of those without packs since a state was taken over, what it says is known. */
export function beginOf (ledger: Ledger, takenOver: RunSums | undefined): number {
  if (takenOver === undefined) return windowOf(ledger, ledger.reach())
  const reached = ledger.heads().map(({ peer }) => Math.max(ledger.reachOf(peer), takenOver.begin)).sort((one, other) => other - one)
  return windowOf(ledger, reached[Math.floor(reached.length / 2)] ?? 0)
}

function windowOf ({ rules: { window } }: Ledger, step: number): number {
  return Math.floor(step / window) * window
}

/** Whether a state can be told, and is fewer bytes than the packs that it stands for. A chain that was cut needs its proof. */
export function isWorthTelling ({ heads, sums }: RunSums, entries: readonly Entry[]): boolean {
  const bytes = entries.reduce((sum, { levels }) => sum + ENTRY_BYTES + 3 * levels.length, 0)
  return sums.length > 0 && heads.length <= MOST_HEADS && !heads.some(({ cut }) => cut) && bytes > sums.byteLength + HEAD_BYTES * heads.length
}

/** Why a state that somebody told is none of this run, in a sentence. */
export function misfitOf ({ begin, until, heads }: RunSums, { steps, window, isMember }: LedgerRules): string | undefined {
  if (begin % window !== 0 || until % window !== 0 || begin > until || until > steps) return `sums of steps ${begin} to ${until} are none of this run`
  if (new Set(heads.map(({ peer }) => peer)).size < heads.length || heads.some(({ next, peer, cut }) => next < 1 || next > until / window || cut || !isMember(peer))) {
    return 'sums come with chains that cannot be of this run'
  }
  return undefined
}

/** Packs that a state stands for. */
export function packsIn ({ heads }: RunSums): number {
  return heads.reduce((sum, { next }) => sum + next, 0)
}

/** Chains go on from their heads, and no step is closed to those who are late. */
export function snapshotOf ({ heads }: RunSums): Snapshot {
  return { step: 0, heads }
}
