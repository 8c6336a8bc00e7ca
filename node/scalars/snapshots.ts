import { reasonOf } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { PresentPeer } from '../../src/ports.ts'
import type { JoinCosts } from '../../src/spsa/joining.ts'
import { noiseOf } from '../../src/spsa/noise.ts'
import type { OneByteReport } from '../../src/spsa/one-byte-messages.ts'
import type { Adoption } from '../../src/spsa/ledger-start.ts'
import { stepsARound } from '../../src/spsa/scalar-methods.ts'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import type { Snapshot } from '../../protocols/state/messages.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import type { LedgerStore } from '../store/ledger-store.ts'
import { unknownGenesis } from '../peer/unknown-genesis.ts'
import { orAborted } from '../trainer-worker/or-aborted.ts'
import { joinLedger } from './join-ledger.ts'
import { keyOf } from './keys.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import { linkSpeed } from './link-speed.ts'
import type { LinkSpeed } from './link-speed.ts'
import { secondsPerReplayedByte } from './replay-speed.ts'
import { SnapshotSeeker } from './snapshot-seeker.ts'

export interface SnapshotsOptions {
  readonly run: RunManifest
  readonly method: ScalarSpec
  readonly parameters: number
  /** The step of training that a step of the ledger is of. */
  readonly stepOf: (place: number) => number
  readonly network: Pick<SwarmNetwork, 'fetchSnapshot' | 'checks'>
  readonly machine: () => Pick<ScalarMachine, 'ledger' | 'seek' | 'adopt'>
  /** Takes over the weights that the run starts from, where all packs move those. */
  readonly begin: (weights: Float32Array) => void
  readonly keeper: LedgerKeeper
  readonly newest: LedgerStore['newest']
  /** False where the weights that the run starts from were imported, and are not here. */
  readonly hasWeights: boolean
  readonly say: (sentence: string) => void
  readonly warn: (sentence: string) => void
}

type Kinds = 'sealed' | 'adopted' | 'offered' | 'told-heads' | 'told-sums' | 'overruled'
export type SnapshotReport = Extract<OneByteReport, { kind: Kinds }>

/** A peer's dealings with snapshots: it keeps those that it takes, gives them away, and goes on from others' where it has to. */
export class Snapshots {
  readonly #options: SnapshotsOptions
  readonly #seeker: SnapshotSeeker
  readonly #closing = new AbortController()
  #hasWeights: boolean
  #isBusy = false

  constructor (options: SnapshotsOptions) {
    this.#options = options
    this.#hasWeights = options.hasWeights
    const { run, method, parameters, network, machine, say } = options
    this.#seeker = new SnapshotSeeker({ run, parameters, network, isSums: method.kind === 'fedkseed', seek: (key, heads) => { machine().seek(key, heads) }, say })
  }

  /** Whether this peer has weights to compute with. */
  get hasWeights (): boolean { return this.#hasWeights }

  /** What it gives to joiners. */
  async served (): Promise<Snapshot | undefined> {
    const newest = await this.#options.newest()
    return newest === undefined ? undefined : { ...newest, round: this.#options.stepOf(newest.step) / stepsARound(this.#options.method) }
  }

  /** Before the first step. @throws ShoalError as `joinLedger` */
  async join (present: () => readonly PresentPeer[], stop: AbortSignal): Promise<void> {
    const { run, method, parameters, network, say, stepOf, machine } = this.#options
    // one download at a time
    this.#isBusy = true
    try {
      if (method.kind === 'fedkseed' && !this.#hasWeights) await this.#fetchGenesis(present, stop)
      const costs = { ...joinCosts(method, parameters), window: machine().ledger.rules.window }
      const link = async (peerId: string | undefined): Promise<LinkSpeed> => await linkSpeed(network.checks, peerId, costs.snapshotBytes, stop)
      await joinLedger(present, { run, machine: machine(), seeker: this.#seeker, hasWeights: this.#hasWeights, costs, link, stepOf, adopt: async adoption => await this.#adopt(adoption, stop), say }, stop)
    } finally {
      this.#isBusy = false
    }
  }

  /** @throws ShoalError CHECKPOINT_MISSING */
  async #fetchGenesis (present: () => readonly PresentPeer[], stop: AbortSignal): Promise<void> {
    const { run, begin, say } = this.#options
    say('fetching the weights that this run starts from, which were imported')
    if (!await this.#seeker.takeGenesis(present().map(({ peerId }) => keyOf(peerId)), begin, stop)) throw unknownGenesis(run)
    this.#hasWeights = true
  }

  onReport (event: SnapshotReport): void {
    const { keeper, machine } = this.#options
    switch (event.kind) {
      case 'sealed': {
        const { start: { model: { limit }, snapshot, held, sums }, weights, forgotten } = event
        keeper.compact({ ...snapshot, limit, weights, sums }, held, forgotten)
        return
      }
      case 'adopted': {
        const { start: { model: { limit }, snapshot, sums }, weights } = event
        keeper.adopt({ ...snapshot, limit, weights, sums }, machine().ledger.entries())
        return
      }
      case 'offered': { this.#seeker.offered(event.from, event.offer); return }
      case 'told-heads': { this.#seeker.toldHeads(event.from, event.part); return }
      case 'told-sums': { this.#seeker.toldSums(event.from, event.step, event.sums); return }
      case 'overruled': { this.#follow(event) }
    }
  }

  /** Ends a download under way. */
  close (): void { this.#closing.abort() }

  /** @throws the reason of `stop`, for whoever keeps the weights may take long */
  async #adopt (adoption: Adoption, stop: AbortSignal): Promise<boolean> {
    stop.throwIfAborted()
    this.#hasWeights = true
    return await orAborted(new Promise<boolean>(resolve => { this.#options.machine().adopt(adoption, resolve) }), stop, () => undefined)
  }

  /** Most others went on from another snapshot: this peer does so, too, while it trains on. */
  #follow ({ offer, by }: Extract<SnapshotReport, { kind: 'overruled' }>): void {
    const { signal } = this.#closing
    if (this.#isBusy || !this.#hasWeights || signal.aborted) return
    this.#isBusy = true
    const { warn, stepOf } = this.#options
    warn(`${by} of the others went on from a snapshot at step ${stepOf(offer.step)} that is not of this peer’s bytes: it goes on from theirs, and what they lacked counts no longer`)
    this.#seeker.take(offer, async adoption => await this.#adopt(adoption, signal), signal)
      .catch((error: unknown) => { if (!signal.aborted) warn(`the others’ snapshot could not be had: ${reasonOf(error)}`) })
      .finally(() => { this.#isBusy = false })
  }
}

/** What replaying one scalar and downloading a snapshot cost: sums are made of every pack's seeds alike, so that only bytes count there; a coordinate of Ferret's moves its block alone. */
function joinCosts (method: ScalarSpec, parameters: number): Omit<JoinCosts, 'lackedBytes' | 'window' | 'bytesPerSecond'> {
  switch (method.kind) {
    case 'one-byte': {
      const [secondsPerByte, isShared] = [secondsPerReplayedByte(parameters, noiseOf(method.noise)), method.passes === 'shared']
      return { snapshotBytes: BYTES_A_VALUE * parameters, bytesAScalar: isShared ? BYTES_A_POOLED_SCALAR : 1, secondsPerByte: isShared ? secondsPerByte / 2 : secondsPerByte }
    }
    case 'fedkseed': return { snapshotBytes: BYTES_A_VALUE * method.poolSize, bytesAScalar: BYTES_A_POOLED_SCALAR, secondsPerByte: 0 }
    case 'ferret': {
      const secondsPerByte = secondsPerReplayedByte(Math.min(parameters, method.blockSize), noiseOf(method.noise))
      return { snapshotBytes: BYTES_A_VALUE * parameters, bytesAScalar: BYTES_A_POOLED_SCALAR, secondsPerByte }
    }
  }
}

/** A weight or a sum, and a level with the number of its seed or block, or half a measurement, of which two make one byte. */
const BYTES_A_VALUE = 4
const BYTES_A_POOLED_SCALAR = 3
