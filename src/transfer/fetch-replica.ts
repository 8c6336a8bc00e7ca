import { attest } from './attesting.ts'
import type { ChunkPlan } from './chunk-plan.ts'
import { chooseRound } from './choose-round.ts'
import type { TransferTarget } from './choose-round.ts'
import type { DownloadProgress } from './download.ts'
import { RoundTransfer } from './round-transfer.ts'
import { Survey } from './survey.ts'
import type { SnapshotOffer, StoredParts, TransferSurroundings } from './transfer-ports.ts'
import { ATTESTATIONS_NEEDED } from './verdict.ts'
import { Bell } from './waiting.ts'

export interface ReplicaTransfer extends TransferSurroundings {
  /** How the run's replicas are cut: two vectors where the method keeps outer momentum, which comes along. */
  readonly plan: ChunkPlan
  /** Whether after this round all chunks are to be of one content, because members share their weights to the bit, or cannot be mixed. */
  readonly isShared: (round: number) => boolean
  /** Whether the method keeps replicas together, so that others can tell what to expect. */
  readonly isAttested: boolean
  /** What is wrong with a replica that only this run can tell; undefined where nothing is. */
  readonly fault: (replica: FetchedReplica) => string | undefined
  /** Only rounds from this one on are worth fetching. */
  readonly fromRound: number
  /** How long to look for somebody who holds one. */
  readonly patienceMs: number
  readonly onProgress: (round: number, progress: DownloadProgress) => void
}

/** What a joiner begins from. */
export interface FetchedReplica {
  readonly round: number
  readonly step: number
  /** The vectors, little-endian, weights first. */
  readonly data: Uint8Array
}

/** With fewer members than can attest, others may be on their way: a handshake takes a second or two. */
const SETTLING_MS = 2_000
const LOOK_MS = 250
/** Members that cannot tell yet are asked again after this, and for so long in all. */
const ATTEST_AGAIN_MS = 2_000
const ATTEST_PATIENCE_MS = 20_000

/**
 * A recent replica of the run: chunks of a signed snapshot from several members at once, believed once at least two others attest that each part of it lies within
 * the spread that they expect. Goes on where an earlier life stopped, with others where a source dies, and with another snapshot where nobody holds this
 * one any more. Every step is told in a sentence. Undefined when nobody holds one, or the members contradict each other.
 *
 * @throws the signal's reason
 */
export async function fetchReplica (options: ReplicaTransfer): Promise<FetchedReplica | undefined> {
  return new ReplicaFetcher(options).run()
}

class ReplicaFetcher {
  readonly #options: ReplicaTransfer
  readonly #plan: ChunkPlan
  readonly #refused = new Set<string>()
  readonly #survey: Survey
  readonly #around: TransferSurroundings

  constructor (options: ReplicaTransfer) {
    const refuse = (peerId: string, why: string, isProven: boolean): void => {
      this.#refused.add(peerId)
      options.peers.refuse(peerId, why, isProven)
    }
    const { peers } = options
    this.#options = options
    this.#plan = options.plan
    this.#around = {
      ...options,
      peers: {
        self: peers.self, present: () => peers.present(), onChange: listener => peers.onChange(listener), refuse,
        offers: async (peerId, hold, signal) => peers.offers(peerId, hold, signal), open: async (peerId, signal) => peers.open(peerId, signal),
        attest: async (peerId, question, signal) => peers.attest(peerId, question, signal)
      }
    }
    this.#survey = new Survey(this.#around, this.#plan, this.#refused)
  }

  async run (): Promise<FetchedReplica | undefined> {
    const { store, say } = this.#options
    let stored = await this.#load()
    for (;;) {
      const target = await this.#choose(stored?.round)
      if (target === undefined) return undefined
      // So that they hear at once which round they are to keep.
      this.#survey.renew()
      const transfer = new RoundTransfer(this.#around, this.#survey, this.#plan, target, progress => { this.#options.onProgress(target.round, progress) })
      if (stored?.round === target.round) {
        transfer.restore(stored)
        say(`going on with the snapshot of round ${target.round}: ${transfer.download.progress(0).receivedBytes} of ${this.#plan.bytes} bytes are here already`)
      } else {
        await this.#ignoringDisk(async () => store.begin(target.round, this.#plan.bytes))
      }
      stored = undefined
      const replica = await this.#trusted(transfer)
      if (replica === undefined) continue
      await this.#ignoringDisk(async () => store.clear())
      return replica
    }
  }

  /** The median of what members say, so that one of them cannot move it far. */
  #stepOf (round: number): number {
    const steps = this.#survey.offers.filter(offer => offer.round === round).map(({ step }) => step).sort((one, other) => one - other)
    return steps[Math.floor(steps.length / 2)] ?? 0
  }

  /** The replica once it is here and believed; undefined when nobody gives the rest of it. */
  async #trusted (transfer: RoundTransfer): Promise<FetchedReplica | undefined> {
    const { clock, say, signal, isAttested, fault } = this.#options
    const { round } = transfer.target
    for (let sinceMs: number | undefined; ;) {
      if (!await transfer.complete()) {
        say(`nobody gives the rest of the snapshot of round ${round} any more; looking for another`)
        return undefined
      }
      const replica = { round, step: this.#stepOf(round), data: transfer.data }
      const wrong = fault(replica)
      if (wrong !== undefined) {
        for (const origin of transfer.download.byOrigin().keys()) this.#refuse(transfer, origin, wrong, true)
        continue
      }
      if (!isAttested) {
        say(`the snapshot of round ${round} is taken on trust: members of this run train apart, so that none knows what to expect of another`)
        return replica
      }
      sinceMs ??= clock.nowMs()
      await this.#survey.look(round)
      const { verdicts, within } = await attest(this.#around, transfer, this.#survey, clock.nowMs() - sinceMs >= ATTEST_PATIENCE_MS)
      const of = (wanted: string): string[] => [...verdicts].filter(([, verdict]) => verdict === wanted).map(([origin]) => origin)
      for (const origin of of('refused')) this.#refuse(transfer, origin, 'lies farther from the others’ than they expect', false)
      if (of('refused').length > 0) continue
      if (of('undecided').length === 0) {
        this.#sayWhy(round, of('alone').length > 0, new Set([...within.values()].flat()).size)
        return replica
      }
      if (this.#isForgotten(round)) {
        say(`too few members still hold the snapshot of round ${round} to attest it; looking for another`)
        return undefined
      }
      say(`waiting for ${ATTESTATIONS_NEEDED} other members to attest the snapshot of round ${round}`)
      await new Bell().wait(clock, ATTEST_AGAIN_MS, signal)
    }
  }

  /** Whether too few members hold a round that is here, while enough of them hold another that could be chosen. */
  #isForgotten (round: number): boolean {
    const eligible = this.#eligible()
    const holders = (of: number): number => eligible.filter(offer => offer.round === of).length
    return holders(round) <= ATTESTATIONS_NEEDED && eligible.some(offer => holders(offer.round) > ATTESTATIONS_NEEDED)
  }

  /** Of rounds that are worth it: no earlier than this peer's own. */
  #eligible (): readonly SnapshotOffer[] {
    return this.#survey.offers.filter(({ round }) => round >= this.#options.fromRound)
  }

  #sayWhy (round: number, isAlone: boolean, attesting: number): void {
    const { say } = this.#options
    if (!isAlone) say(`the snapshot of round ${round} is believed: ${attesting} members attest that it lies within the spread that they expect`)
    else say(`the snapshot of round ${round} is taken on trust: fewer than ${ATTESTATIONS_NEEDED} other members could attest it, and none objects`)
  }

  #refuse (transfer: RoundTransfer, origin: string, why: string, isProven: boolean): void {
    for (const signer of transfer.signersOf(origin)) {
      this.#around.peers.refuse(signer, `its snapshot of round ${transfer.target.round} ${why}`, isProven)
    }
    transfer.forget(origin)
  }

  /** Waits for somebody who holds a snapshot, and a little longer for those who could attest it. */
  async #choose (begun: number | undefined): Promise<TransferTarget | undefined> {
    const { clock, peers, patienceMs, signal, isShared, say } = this.#options
    const bell = new Bell()
    const unsubscribe = peers.onChange(() => { bell.ring() })
    const [sinceMs, endMs] = [clock.nowMs(), clock.nowMs() + patienceMs]
    try {
      for (;;) {
        // one that is slow to answer holds up nobody
        this.#survey.look(begun, () => { bell.ring() }).catch(() => undefined)
        const offers = this.#eligible()
        const waitedMs = clock.nowMs() - sinceMs
        // a round that those who are yet to answer do not hold might lack who attests it
        const isSettled = new Set(offers.map(({ signer }) => signer)).size > ATTESTATIONS_NEEDED || waitedMs >= (this.#survey.isAsking ? 2 : 1) * SETTLING_MS
        const target = isSettled ? chooseRound(offers, isShared, begun) : undefined
        if (target !== undefined) {
          say(`fetching the snapshot of round ${target.round} from the members that hold it`)
          return target
        }
        if (clock.nowMs() >= endMs) break
        await bell.wait(clock, LOOK_MS, signal)
      }
    } finally {
      unsubscribe()
    }
    say(`no member gives a snapshot${this.#survey.silence === '' ? '' : `; ${this.#survey.silence}`}`)
    return undefined
  }

  async #load (): Promise<StoredParts | undefined> {
    let stored: StoredParts | undefined
    await this.#ignoringDisk(async () => { stored = await this.#options.store.load(this.#plan.bytes) })
    return stored
  }

  /** Without a disk a transfer cannot go on after an interruption; that is all. */
  async #ignoringDisk (work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#options.signal.throwIfAborted()
      this.#options.say(`the snapshot cannot be kept on disk while it is fetched: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}
