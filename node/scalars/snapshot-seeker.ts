import { setTimeout as pause } from 'node:timers/promises'
import { reasonOf } from '../../src/errors.ts'
import { checkGenesis } from '../../src/manifest/genesis-hash.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { Head } from '../../src/spsa/chain.ts'
import { fingerprintOf } from '../../src/spsa/ledger.ts'
import type { SnapshotHeads, SnapshotOffer } from '../../src/spsa/one-byte-messages.ts'
import type { OneByteStart } from '../../src/spsa/one-byte-ports.ts'
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
  /** Asks a member, by its key, for its snapshot's hashes, or for its chains. */
  readonly seek: (key: string, heads: boolean) => void
  readonly say: (sentence: string) => void
}

/** A snapshot with everything that goes on from it. */
export interface FetchedSnapshot {
  readonly weights: Float32Array
  readonly start: OneByteStart
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

  constructor (options: SeekerOptions) { this.#options = options }

  offered (from: string, offer: SnapshotOffer): void { this.#offers.set(from, offer) }

  toldHeads (from: string, { heads, ...rest }: SnapshotHeads): void {
    const known = this.#tellings.get(from)
    const goesOn = known?.step === rest.step && known.heads.length < known.total
    this.#tellings.set(from, { ...rest, heads: goesOn ? [...known.heads, ...heads] : [...heads] })
  }

  /** What these members have, from as many as answer in time: of those asked before, too, what they say now. */
  async ask (keys: readonly string[], stop: AbortSignal): Promise<ReadonlyMap<string, SnapshotOffer>> {
    for (const key of keys) this.#offers.delete(key)
    const answered = (): ReadonlyMap<string, SnapshotOffer> => new Map([...this.#offers].filter(([key]) => keys.includes(key)))
    await this.#until(() => answered().size === keys.length, () => { for (const key of keys) if (!this.#offers.has(key)) this.#options.seek(key, false) }, stop)
    return answered()
  }

  /** Gets a snapshot from one of those who told of it; undefined when none of them gives what it told of. */
  async take (offer: SnapshotOffer, stop: AbortSignal): Promise<FetchedSnapshot | undefined> {
    for (const key of [...this.#offers].filter(([, other]) => sameState(offer, other)).map(([from]) => from)) {
      try {
        return await this.#takeFrom(key, offer, stop)
      } catch (error) {
        stop.throwIfAborted()
        this.#options.say(`${shortId(peerOfKey(key))} gives no snapshot: ${reasonOf(error)}`)
      }
    }
    return undefined
  }

  async #takeFrom (key: string, offer: SnapshotOffer, stop: AbortSignal): Promise<FetchedSnapshot> {
    const { limit, heads } = await this.#headsOf(key, offer, stop)
    const { step, weights } = await this.#options.network.fetchSnapshot(peerOfKey(key), stop)
    if (weights.length !== this.#options.parameters) throw new Error(`it gives ${weights.length} values, of which the run has ${this.#options.parameters}`)
    if (step !== offer.step) throw new Error(`it has gone on to step ${step}`)
    if (hashWeights(heldWeights(weights), limit) !== offer.modelHash) throw new Error('its weights have another hash than it told')
    checkGenesis(this.#options.run, step, weights)
    const snapshot = { step, heads }
    return { weights, start: { model: { step, limit }, snapshot, held: snapshot } }
  }

  async #headsOf (key: string, { step, fingerprint }: SnapshotOffer, stop: AbortSignal): Promise<Telling> {
    this.#tellings.delete(key)
    const told = (): Telling | undefined => {
      const telling = this.#tellings.get(key)
      return telling?.step === step && telling.heads.length === telling.total ? telling : undefined
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
