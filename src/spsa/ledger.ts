import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { Chain, emptyHead } from './chain.ts'
import type { Head } from './chain.ts'
import { isSigned, lastStepOf, sameBytes } from './ledger-entry.ts'
import type { Entry, Verify } from './ledger-entry.ts'

export interface LedgerRules {
  readonly runId: string
  /** Steps that the run has. */
  readonly steps: number
  /** An entry lies within one window of so many steps, so that a snapshot between two windows splits none. */
  readonly window: number
  /** Whether an entry fills its window, as half losses must; any part of one will do when left out. */
  readonly isWhole?: boolean | undefined
  /** Seeds in the run's pool; 0 where every step has a seed of its own. */
  readonly poolSize: number
  readonly isMember: (peer: string) => boolean
}

/** The step after every byte that there can be: where peers that are done compare. */
export function endOf ({ window, steps }: Pick<LedgerRules, 'window' | 'steps'>): number {
  return Math.ceil(steps / window) * window
}

/** A model at `step`, standing for every byte of the steps before. */
export interface Snapshot {
  /** A multiple of the window. */
  readonly step: number
  readonly heads: readonly Head[]
}

/** Where a run begins. */
export const RUN_START: Snapshot = { step: 0, heads: [] }

export type RefusalCode = 'UNKNOWN_PEER' | 'REPLAY' | 'WRONG_STEP' | 'FORK' | 'FORGED' | 'SEED_OUTSIDE_POOL' | 'BEFORE_SNAPSHOT'

export type Verdict =
  /** A late one is of a step that a snapshot stood for when it came: it holds its chain together, and counts nothing. */
  | { readonly kind: 'admitted', readonly isLate: boolean }
  /** Entries from `missingFrom` to this one are to be had first. */
  | { readonly kind: 'early', readonly missingFrom: number }
  /** `withdrawn` counted until now and no longer do: their author contradicted himself. */
  | { readonly kind: 'refused', readonly code: RefusalCode, readonly reason: string, readonly withdrawn: readonly Entry[] }

/**
 * Who sent which bytes: one signed hash chain per peer. Which entries count is a function of the set of entries ever seen, not of their order: a peer that
 * signs two continuations counts up to the earliest of them, everywhere.
 */
export class Ledger {
  readonly rules: LedgerRules
  readonly #verify: Verify
  readonly #chains = new Map<string, Chain>()
  /** What stands for the bytes that are not held any more, and for those that never change. */
  #held: Snapshot
  #sealed: Snapshot

  constructor (rules: LedgerRules, verify: Verify, snapshot: Snapshot = RUN_START) {
    this.rules = rules
    this.#verify = verify
    this.#held = snapshot
    this.#sealed = snapshot
    for (const head of snapshot.heads) this.#chains.set(head.peer, new Chain(head, snapshot.step))
  }

  /** The step of the last snapshot, before which nothing changes any more. */
  get firstStep (): number { return this.#sealed.step }

  /** The last snapshot. */
  get sealed (): Snapshot { return this.#sealed }

  /** The snapshot after which all entries are held. */
  get held (): Snapshot { return this.#held }

  /** Judges an entry; only what is admitted or withdrawn changes what counts. */
  admit (entry: Entry): Verdict {
    const { rules } = this
    if (!rules.isMember(entry.peer)) return refused('UNKNOWN_PEER', `${short(entry)} is no member of this run`)
    const chain = this.#chains.get(entry.peer) ?? new Chain(emptyHead(entry.peer), this.firstStep)
    if (chain.holds(entry)) return refused('REPLAY', `entry ${entry.index} of ${short(entry)} is known already`)
    const misfit = this.#misfit(entry)
    if (misfit !== undefined) return misfit
    if (!isSigned(entry, rules.runId, this.#verify)) return refused('FORGED', `entry ${entry.index} is not signed by ${short(entry)}`)
    const verdict = this.#judge(chain, entry)
    this.#chains.set(entry.peer, chain)
    return verdict
  }

  /** What is wrong with an entry whatever else is known. */
  #misfit (entry: Entry): Verdict | undefined {
    const { window, steps, poolSize, isWhole = false } = this.rules
    const last = lastStepOf(entry)
    if (last >= steps) return refused('WRONG_STEP', `step ${last} of ${short(entry)} lies beyond the run's ${steps} steps`)
    if (Math.floor(entry.firstStep / window) !== Math.floor(last / window)) {
      return refused('WRONG_STEP', `steps ${entry.firstStep} to ${last} of ${short(entry)} cross a border between windows of ${window}`)
    }
    if (isWhole && entry.levels.length !== window) {
      return refused('WRONG_STEP', `entry ${entry.index} of ${short(entry)} has ${entry.levels.length} of the ${window} places of its window, and half losses fill it`)
    }
    if ((entry.pool !== undefined) !== poolSize > 0 || (entry.pool?.some(seed => seed >= poolSize) ?? false)) {
      return refused('SEED_OUTSIDE_POOL', `entry ${entry.index} of ${short(entry)} names seeds outside the run's pool of ${poolSize}`)
    }
    return undefined
  }

  #judge (chain: Chain, entry: Entry): Verdict {
    const { index } = entry
    if (index < chain.sealed) return refused('BEFORE_SNAPSHOT', `entry ${index} of ${short(entry)} lies before the snapshot at step ${this.firstStep}`)
    if (chain.isCut && index >= chain.next) {
      return refused('FORK', `${short(entry)} contradicted itself at entry ${chain.next}; nothing of it counts from there on`)
    }
    if (index > chain.next) return { kind: 'early', missingFrom: chain.next }
    if (!sameBytes(entry.previous, chain.hashBefore(index))) {
      return refused('FORK', `entry ${index} of ${short(entry)} does not follow its entry ${index - 1}`, chain.cutBefore(entry))
    }
    const before = chain.at(index - 1)
    const earliest = before === undefined ? 0 : lastStepOf(before) + 1
    if (entry.firstStep < earliest) {
      return refused('WRONG_STEP', `entry ${index} of ${short(entry)} starts at step ${entry.firstStep}; ${earliest} is the earliest left`)
    }
    if (index < chain.next) return refused('FORK', `${short(entry)} signed two entries ${index}`, chain.cutBefore(entry))
    chain.append(entry)
    return { kind: 'admitted', isLate: !chain.counts(entry) }
  }

  /** Every peer's head, in the order of their keys. */
  heads (): Head[] {
    return [...this.#chains.values()].map(chain => chain.head).sort(byPeer)
  }

  /** Everything that is held, peer by peer. */
  entries (): Entry[] {
    return this.heads().flatMap(({ peer }) => this.#chains.get(peer)?.entries ?? [])
  }

  /** What is held and counts, peer by peer: all but late entries. */
  counted (): Entry[] {
    return this.entries().filter(entry => this.#chains.get(entry.peer)?.counts(entry) === true)
  }

  /** Of these, what the last snapshot does not stand for. */
  open (): Entry[] {
    return this.counted().filter(entry => lastStepOf(entry) >= this.firstStep)
  }

  /** Index of a peer's first entry that is held. */
  startOf (peer: string): number {
    return this.#chains.get(peer)?.start ?? 0
  }

  /** Where to continue one's own chain. */
  headOf (peer: string): Head {
    return this.#chains.get(peer)?.head ?? emptyHead(peer)
  }

  /** The step after the last one of a peer that is held; the snapshot's for a peer without entries since. */
  reachOf (peer: string): number {
    const last = this.#chains.get(peer)?.entries.at(-1)
    return last === undefined ? this.firstStep : Math.max(this.firstStep, lastStepOf(last) + 1)
  }

  /** Steps that a peer has measured; of forgotten entries each counts as a whole window. */
  stepsOf (peer: string): number {
    const { start, entries } = this.#chains.get(peer) ?? new Chain(emptyHead(peer), 0)
    return entries.reduce((sum, { levels }) => sum + levels.length, start * this.rules.window)
  }

  /** The step that half of those with entries have reached: one who runs ahead alone pulls nobody along. */
  reach (): number {
    const reached = [...this.#chains.values()].filter(({ entries }) => entries.length > 0).map(({ peer }) => this.reachOf(peer)).sort((one, other) => other - one)
    return reached[Math.floor(reached.length / 2)] ?? this.firstStep
  }

  /** What proves that a peer contradicted itself; nothing for one that did not, or whose proof a snapshot stands for. */
  proofOf (peer: string): readonly Entry[] {
    return this.#chains.get(peer)?.proof ?? []
  }

  /** What somebody with that head of one peer's chain lacks, in an order in which it can be admitted; below `until` where he holds what follows. */
  entriesAfter (theirs: Head, until = Infinity): Entry[] {
    const chain = this.#chains.get(theirs.peer)
    if (chain === undefined) return []
    if (theirs.next < chain.start) return []
    const disagree = this.contradicts(theirs)
    if (theirs.cut && theirs.next <= chain.next && !disagree) return []
    const newer = chain.entries.filter(({ index }) => disagree || (index >= theirs.next && index < until))
    return chain.isCut ? [...newer, ...chain.proof] : newer
  }

  /** Whether somebody with that head holds another branch of a fork than this ledger. */
  contradicts ({ peer, next, hash }: Head): boolean {
    const chain = this.#chains.get(peer)
    return chain !== undefined && next >= chain.start && next <= chain.next && !sameBytes(hash, chain.hashBefore(next))
  }

  /**
   * The state of the bytes before `step`, a multiple of the window: whoever has the same fingerprint has the same bytes,
   * and hence the same bits.
   */
  snapshotAt (step: number): Snapshot {
    if (step % this.rules.window !== 0 || step < this.firstStep) throw new RangeError(`there is no snapshot at step ${step}`)
    if (step === this.firstStep) return this.#sealed
    return { step, heads: [...this.#chains.values()].map(chain => chain.headAt(step)).filter(({ next }) => next > 0).sort(byPeer) }
  }

  /**
   * Lets a snapshot stand for the bytes before its step: none changes any more, and whatever else comes of those steps is late.
   *
   * @param held an earlier snapshot, after which entries stay to be served and proved from
   * @returns what is forgotten
   * @throws RangeError, with nothing changed, when a chain does not go through the snapshot
   */
  compact (snapshot: Snapshot, held: Snapshot = snapshot): Entry[] {
    const [sealed, kept] = [snapshot, held].map(({ heads }) => new Map(heads.map(head => [head.peer, head.next]))) as [Map<string, number>, Map<string, number>]
    const foreign = snapshot.heads.find(head => this.#chains.get(head.peer)?.goesThrough(head) !== true)
    if (foreign !== undefined) throw new RangeError(`peer ${foreign.peer.slice(0, 8)} has another chain here than in the snapshot at step ${snapshot.step}`)
    for (const chain of this.#chains.values()) chain.seal(snapshot.step, sealed.get(chain.peer) ?? 0)
    this.#sealed = snapshot
    this.#held = held
    return [...this.#chains.values()].flatMap(chain => chain.forgetBefore(kept.get(chain.peer) ?? 0))
  }
}

/** SHA-256 of a snapshot's heads, in hex. */
export function fingerprintOf ({ step, heads }: Snapshot): string {
  return bytesToHex(sha256(concatBytes(utf8ToBytes(`${step}\n`), hashHeads(heads))))
}

export function hashHeads (heads: readonly Head[]): Uint8Array {
  const lines = heads.map(({ peer, next, hash, cut }) => concatBytes(hexToBytes(peer), hash, utf8ToBytes(`${next} ${cut}\n`)))
  return sha256(concatBytes(...lines))
}

function byPeer (one: Head, other: Head): number {
  return one.peer < other.peer ? -1 : one.peer > other.peer ? 1 : 0
}

function refused (code: RefusalCode, reason: string, withdrawn: readonly Entry[] = []): Verdict {
  return { kind: 'refused', code, reason, withdrawn }
}

function short ({ peer }: Entry): string {
  return `peer ${peer.slice(0, 8)}`
}
