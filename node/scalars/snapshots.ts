import { reasonOf } from '../../src/errors.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { ScalarSpec } from '../../src/manifest/scalar-schema.ts'
import type { PresentPeer } from '../../src/ports.ts'
import { noiseOf } from '../../src/spsa/noise.ts'
import type { OneByteReport } from '../../src/spsa/one-byte-messages.ts'
import type { OneBytePeer } from '../../src/spsa/one-byte-peer.ts'
import { stepsARound } from '../../src/spsa/scalar-methods.ts'
import type { Snapshot } from '../../protocols/state/messages.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import type { LedgerStore } from '../store/ledger-store.ts'
import { joinLedger } from './join-ledger.ts'
import type { LedgerKeeper } from './ledger-keeper.ts'
import { linkSpeed } from './link-speed.ts'
import type { LinkSpeed } from './link-speed.ts'
import { secondsPerReplayedByte } from './replay-speed.ts'
import { SnapshotSeeker } from './snapshot-seeker.ts'
import type { FetchedSnapshot } from './snapshot-seeker.ts'

export interface SnapshotsOptions {
  readonly run: RunManifest
  readonly method: ScalarSpec
  readonly parameters: number
  /** The step of training that a step of the ledger is of. */
  readonly stepOf: (place: number) => number
  readonly network: Pick<SwarmNetwork, 'fetchSnapshot' | 'checks'>
  /** Undefined where the method takes no snapshots. */
  readonly machine: () => OneBytePeer | undefined
  readonly keeper: LedgerKeeper
  readonly newest: LedgerStore['newest']
  /** False where the weights that the run starts from were imported, and are not here. */
  readonly hasWeights: boolean
  readonly say: (sentence: string) => void
  readonly warn: (sentence: string) => void
}

type Kinds = 'sealed' | 'adopted' | 'offered' | 'told-heads' | 'overruled'
export type SnapshotReport = Extract<OneByteReport, { kind: Kinds }>

const BYTES_A_WEIGHT = 4

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
    const { run, parameters, network, machine, say } = options
    this.#seeker = new SnapshotSeeker({ run, parameters, network, seek: (key, heads) => { machine()?.seek(key, heads) }, say })
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
    const { run, method, parameters, network, say, stepOf } = this.#options
    const machine = this.#options.machine()
    if (method.kind !== 'one-byte' || machine === undefined) return
    const costs = { parameters, window: machine.ledger.rules.window, secondsPerByte: secondsPerReplayedByte(parameters, noiseOf(method.noise)) }
    const link = async (peerId: string | undefined): Promise<LinkSpeed> => await linkSpeed(network.checks, peerId, BYTES_A_WEIGHT * parameters, stop)
    // one download at a time
    this.#isBusy = true
    await joinLedger(present, { run, machine, seeker: this.#seeker, hasWeights: this.#hasWeights, costs, link, stepOf, adopt: snapshot => { this.#adopt(snapshot) }, say }, stop).finally(() => { this.#isBusy = false })
  }

  onReport (event: SnapshotReport): void {
    const { keeper, machine } = this.#options
    switch (event.kind) {
      case 'sealed': {
        const { start: { model: { limit }, snapshot, held }, weights, forgotten } = event
        keeper.compact({ ...snapshot, limit, weights }, held, forgotten)
        return
      }
      case 'adopted': { keeper.adopt({ ...event.start.snapshot, limit: event.start.model.limit, weights: event.weights }, machine()?.ledger.entries() ?? []); return }
      case 'offered': { this.#seeker.offered(event.from, event.offer); return }
      case 'told-heads': { this.#seeker.toldHeads(event.from, event.part); return }
      case 'overruled': { this.#follow(event) }
    }
  }

  /** Ends a download under way. */
  close (): void { this.#closing.abort() }

  #adopt ({ weights, start }: FetchedSnapshot): void {
    this.#hasWeights = true
    this.#options.machine()?.adopt(weights, start)
  }

  /** Most others went on from another snapshot: this peer does so, too, while it trains on. */
  #follow ({ offer, by }: Extract<SnapshotReport, { kind: 'overruled' }>): void {
    const { signal } = this.#closing
    if (this.#isBusy || !this.#hasWeights || signal.aborted) return
    this.#isBusy = true
    const { warn, stepOf } = this.#options
    warn(`${by} of the others went on from a snapshot at step ${stepOf(offer.step)} that is not of this peer’s bytes: it goes on from theirs, and what they lacked counts no longer`)
    this.#seeker.take(offer, signal)
      .then(snapshot => { if (snapshot !== undefined) this.#adopt(snapshot) })
      .catch((error: unknown) => { if (!signal.aborted) warn(`the others’ snapshot could not be had: ${reasonOf(error)}`) })
      .finally(() => { this.#isBusy = false })
  }
}
