import { setTimeout as pause } from 'node:timers/promises'
import { reasonOf } from '../../src/errors.ts'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { Head } from '../../src/spsa/chain.ts'
import { fingerprintOf } from '../../src/spsa/ledger.ts'
import type { SnapshotHeads, SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import type { Adoption } from '../../src/spsa/ledger-start.ts'
import { sameState } from '../../src/spsa/step-states.ts'
import { heldWeights } from '../../src/spsa/weight-source.ts'
import { hashWeights } from '../../src/spsa/weights-hash.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import { peerOfKey } from './keys.ts'

export interface SeekerOptions {
  readonly run: RunManifest
  /** Values that the run moves. */
  readonly parameters: number
  readonly network: Pick<SwarmNetwork, 'fetchSnapshot'>
  /** Whether a snapshot is the sums of a seed pool, which come with its chains, and not weights. */
  readonly isSums: boolean
  /** Asks a member, by its key, for its snapshot's hashes, or for its chains. */
  readonly seek: (key: string, heads: boolean) => void
  readonly say: (sentence: string) => void
}

const LOOK_EVERY_MS = 50
/** A member answers between two messages of others; one that is measuring does so at once, too. */
const ANSWER_TIMEOUT_MS = 10_000
/** What a broken stream lost is not sent again; whoever is only slow answers twice. */
const ASK_AGAIN_MS = 2_000

interface Telling {
  readonly step: number
  readonly limit: number
  readonly total: number
  readonly heads: Head[]
}

/** What members tell of their snapshots, and how to get one: its chains by messages, its weights by the protocol of states, both held against what was told. */
export class SnapshotSeeker {
  readonly #options: SeekerOptions
  readonly #offers = new Map<string, SnapshotOffer>()
  readonly #tellings = new Map<string, Telling>()
  readonly #sums = new Map<string, { readonly step: number, readonly sums: Int32Array }>()

  constructor (options: SeekerOptions) { this.#options = options }

  offered (from: string, offer: SnapshotOffer): void { this.#offers.set(from, offer) }

  toldHeads (from: string, { heads, ...rest }: SnapshotHeads): void {
    const known = this.#tellings.get(from)
    const goesOn = known?.step === rest.step && known.heads.length < known.total
    this.#tellings.set(from, { ...rest, heads: goesOn ? [...known.heads, ...heads] : [...heads] })
  }

  toldSums (from: string, step: number, sums: Int32Array): void { this.#sums.set(from, { step, sums }) }

  /** What these members have, from as many as answer in time: of those asked before, too, what they say now. */
  async ask (keys: readonly string[], stop: AbortSignal): Promise<ReadonlyMap<string, SnapshotOffer>> {
    for (const key of keys) this.#offers.delete(key)
    const answered = (): ReadonlyMap<string, SnapshotOffer> => new Map([...this.#offers].filter(([key]) => keys.includes(key)))
    await this.#until(() => answered().size === keys.length, () => { for (const key of keys) if (!this.#offers.has(key)) this.#options.seek(key, false) }, stop)
    return answered()
  }

  /**
   * Gets a snapshot from one of those who told of it, and hands it over: false passes over whose it was.
   *
   * @returns false when none of them gives what it told of
   */
  async take (offer: SnapshotOffer, adopt: (adoption: Adoption) => Promise<boolean>, stop: AbortSignal): Promise<boolean> {
    for (const key of [...this.#offers].filter(([, other]) => sameState(offer, other)).map(([from]) => from)) {
      const isTaken = await this.#try(key, 'snapshot', async () => {
        if (!await adopt(await this.#takeFrom(key, offer, stop))) throw new Error('it makes other weights than it told')
      }, stop)
      if (isTaken) return true
    }
    return false
  }

  /** Gets the weights that the run starts from, which its manifest names by their hash, from one of these members. @returns false when none of them gives those */
  async takeGenesis (keys: readonly string[], begin: (weights: Float32Array) => void, stop: AbortSignal): Promise<boolean> {
    const { network, run } = this.#options
    for (const key of keys) {
      const isTaken = await this.#try(key, 'weights to begin with', async () => {
        const { step, weights } = await network.fetchSnapshot(peerOfKey(key), stop)
        if (step !== 0) throw new Error(`its weights are those of step ${step}`)
        checkGenesis(run, 0, weights)
        begin(weights)
      }, stop)
      if (isTaken) return true
    }
    return false
  }

  async #try (key: string, what: string, take: () => Promise<void>, stop: AbortSignal): Promise<boolean> {
    try {
      await take()
      return true
    } catch (error) {
      stop.throwIfAborted()
      this.#options.say(`${shortId(peerOfKey(key))} gives no ${what}: ${reasonOf(error)}`)
      return false
    }
  }

  async #takeFrom (key: string, offer: SnapshotOffer, stop: AbortSignal): Promise<Adoption> {
    const { modelHash } = offer
    const { limit, heads } = await this.#headsOf(key, offer, stop)
    const snapshot = { step: offer.step, heads }
    const start = { model: { step: offer.step, limit }, snapshot, held: snapshot }
    if (this.#options.isSums) return { weights: undefined, start: { ...start, sums: this.#sums.get(key)?.sums }, modelHash }
    const { step, weights } = await this.#options.network.fetchSnapshot(peerOfKey(key), stop)
    if (weights.length !== this.#options.parameters) throw new Error(`it gives ${weights.length} values, of which the run has ${this.#options.parameters}`)
    if (step !== offer.step) throw new Error(`it has gone on to step ${step}`)
    if (hashWeights(heldWeights(weights), limit) !== modelHash) throw new Error('its weights have another hash than it told')
    checkGenesis(this.#options.run, step, weights)
    return { weights, start, modelHash }
  }

  /** A snapshot's chains, once all of them have come, and its sums with them where it has those. */
  async #headsOf (key: string, { step, fingerprint }: SnapshotOffer, stop: AbortSignal): Promise<Telling> {
    this.#tellings.delete(key)
    this.#sums.delete(key)
    const told = (): Telling | undefined => {
      const telling = this.#tellings.get(key)
      const hasSums = !this.#options.isSums || this.#sums.get(key)?.step === step
      return telling?.step === step && telling.heads.length === telling.total && hasSums ? telling : undefined
    }
    await this.#until(() => told() !== undefined, () => { this.#options.seek(key, true) }, stop)
    const telling = told()
    if (telling === undefined) throw new Error('it does not tell its chains')
    if (fingerprintOf(telling) !== fingerprint) throw new Error('its chains have another fingerprint than it told')
    return telling
  }

  async #until (isDone: () => boolean, ask: () => void, stop: AbortSignal): Promise<void> {
    for (let waitedMs = 0; waitedMs < ANSWER_TIMEOUT_MS && !isDone(); waitedMs += LOOK_EVERY_MS) {
      if (waitedMs % ASK_AGAIN_MS === 0) ask()
      await pause(LOOK_EVERY_MS, undefined, { signal: stop })
    }
  }
}
