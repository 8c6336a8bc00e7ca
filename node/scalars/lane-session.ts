import { performance } from 'node:perf_hooks'
import { frameMethodOf } from '../../src/averaging/any-method.ts'
import type { Description } from '../../src/averaging/round-machine.ts'
import { reasonOf } from '../../src/errors.ts'
import type { ShoalError } from '../../src/errors.ts'
import type { PeerEvent, PeerReport } from '../../src/events.ts'
import type { ScalarLaneSpec } from '../../src/manifest/scalar-lane-schema.ts'
import type { PresentPeer } from '../../src/ports.ts'
import { LanePeer } from '../../src/spsa/lanes/lane-peer.ts'
import type { LaneNews, LanePeerReport } from '../../src/spsa/lanes/lane-peer.ts'
import { laneRules } from '../../src/spsa/lanes/lane-rules.ts'
import type { LedgerAnswer, MergeAnswer } from '../api/schema.ts'
import { shownInvite } from '../peer/invite-addresses.ts'
import type { PeerOptions, PeerParts } from '../peer/peer-parts.ts'
import type { PeerReporter } from '../peer/peer-reporter.ts'
import { wallClock } from '../peer/wall-clock.ts'
import { counted } from '../terminal/units.ts'
import { keyOf } from './keys.ts'
import { LaneRounds } from './lane-rounds.ts'
import { nothingToMerge, trainingFailed, withoutLedger } from './scalar-errors.ts'
import { signer } from './signing.ts'

/** Progress is for eyes. */
const PROGRESS_INTERVAL_MS = 250

/** The life of a peer of the scalar lane: it follows the weights of those who train, and tells bytes about them. */
export class LaneSession {
  readonly #options: PeerOptions
  readonly #parts: PeerParts
  readonly #reporter: PeerReporter
  readonly #peer: LanePeer
  readonly #rounds: LaneRounds
  readonly #ended: Promise<'over' | 'stopped'>
  #settle: { readonly resolve: (how: 'over' | 'stopped') => void, readonly reject: (error: ShoalError) => void } = { resolve: () => undefined, reject: () => undefined }
  readonly #leaving = new AbortController()
  #phase: Description['phase'] = 'idle'
  #sentence = 'looking for those who train'
  readonly #everySteps: number
  #sawTheEnd = false
  /** Members asked for weights so far: another one each time. */
  #asked = 0
  #tokens = 0
  #shownAtMs = 0

  constructor (options: PeerOptions, lane: ScalarLaneSpec, secretKey: Uint8Array, parts: PeerParts, reporter: PeerReporter) {
    this.#options = options
    this.#parts = parts
    this.#reporter = reporter
    const { network, trainer, pause, tokensPerStep } = parts
    this.#ended = new Promise((resolve, reject) => { this.#settle = { resolve, reject } })
    // whoever follows hears of it; before that nobody waits
    this.#ended.catch(() => undefined)
    this.#rounds = new LaneRounds(network)
    this.#everySteps = frameMethodOf(options.source.run.manifest.method, 'scalar lane').everySteps
    const paused = pause.trainer(trainer, tokensPerStep)
    this.#peer = new LanePeer(laneRules(lane, options.source.run.runId), {
      clock: wallClock, peer: keyOf(network.self), sign: signer(secretKey), news: () => this.#news(),
      measure: (request, done) => {
        if (paused.scalars === undefined) throw new Error('this trainer was not started for scalars')
        paused.scalars.measure(request, done)
      },
      fetch: (fromRound, done) => { this.#fetch(fromRound).then(done, (error: unknown) => { done({ reason: reasonOf(error) }) }) },
      send: entry => { for (const { peerId } of this.#training()) network.scalars.send(peerId, { kind: 'pack', entry }) },
      report: event => { this.#onReport(event) }
    })
  }

  describe (): Description {
    return { phase: this.#phase, sentence: this.#sentence, round: this.#peer.round ?? 0 }
  }

  /**
   * Follows until everybody who trains has finished, or `stop` aborts.
   *
   * @throws ShoalError TRAINER_FAILED when measuring cannot go on
   */
  async run (stop: AbortSignal): Promise<PeerReport> {
    const { events } = this.#options
    const { network, trainer } = this.#parts
    events.emit(this.#startedEvent())
    const onStop = (): void => {
      this.#leaving.abort()
      this.#peer.stop()
      trainer.stop()
    }
    const unsubscribe = network.onChange(() => { this.#peer.look() })
    stop.addEventListener('abort', onStop)
    if (stop.aborted) onStop()
    else this.#peer.look()
    try {
      const how = await this.#ended
      if (how === 'over') await this.#evaluate(stop)
      return this.#finish(how === 'over' ? 'budget' : 'stopped')
    } finally {
      unsubscribe()
      stop.removeEventListener('abort', onStop)
      await network.scalars.flush()
    }
  }

  /** @throws ShoalError METHOD_UNSUPPORTED always: its weights are the others' */
  async mergeNow (): Promise<MergeAnswer['merged']> { return Promise.reject(nothingToMerge()) }

  /** @throws ShoalError METHOD_UNSUPPORTED always: bytes about weights that are gone are kept by nobody */
  async ledger (): Promise<Omit<LedgerAnswer, 'version'>> { return Promise.reject(withoutLedger(this.#options.source.run.manifest)) }

  #training (): PresentPeer[] {
    return this.#parts.network.present().filter(({ training }) => training)
  }

  /** Whoever rests may go on; a run is over once somebody has taken its last steps, or had only these left, and nobody trains. */
  #news (): LaneNews {
    const { budget: { steps } } = this.#options.source.run.manifest
    this.#sawTheEnd ||= steps > 0 && this.#parts.network.present().some(({ training, step }) => step >= (training ? steps - this.#everySteps : steps))
    const rounds = this.#training().map(({ round }) => round)
    if (rounds.length > 0) return { kind: 'training', round: Math.max(...rounds) }
    return { kind: this.#sawTheEnd ? 'over' : 'nobody' }
  }

  /** φ from somebody who is that far. @throws ShoalError as `SwarmNetwork.fetchSnapshot` */
  async #fetch (fromRound: number): Promise<number | { readonly reason: string }> {
    const { network, trainer } = this.#parts
    const sources = this.#training().filter(({ round }) => round >= fromRound)
    const source = sources[this.#asked++ % Math.max(1, sources.length)]
    if (source === undefined) return { reason: 'whoever had the newest weights has left' }
    this.#phase = 'exchanging'
    this.#sentence = `fetching the weights of round ${fromRound}`
    const { round, weights } = await network.fetchSnapshot(source.peerId, this.#leaving.signal)
    if (!weights.every(Number.isFinite)) return { reason: 'the weights that came hold values that are not finite' }
    trainer.weights.set(weights)
    return round
  }

  #onReport (event: LanePeerReport): void {
    switch (event.kind) {
      case 'follows': { this.#onFollow(event.round); return }
      case 'measured': { this.#onMeasured(event); return }
      case 'sent': { this.#rounds.sent(event.entry, this.#training().length); return }
      case 'waits': { this.#wait(event.sentence); return }
      case 'ended': {
        this.#closeRound()
        if (event.how === 'failed') this.#settle.reject(trainingFailed(event.reason))
        else this.#settle.resolve(event.how)
      }
    }
  }

  #onFollow (round: number): void {
    this.#closeRound()
    this.#rounds.begin(round)
    this.#phase = 'training'
    this.#sentence = `measuring at the weights of round ${round}`
    if (this.#peer.steps === 0) this.#options.events.emit({ type: 'waiting', sentence: `${this.#sentence}: forward passes alone, and bytes to those who train` })
  }

  #onMeasured ({ loss, tokens }: Extract<LanePeerReport, { kind: 'measured' }>): void {
    this.#tokens += tokens
    this.#rounds.measured(loss)
    const { steps } = this.#peer
    const progress = { step: steps, loss, tokensPerSecond: this.#tokens / Math.max(1e-3, this.#parts.trainer.secondsTraining) }
    this.#phase = 'training'
    this.#sentence = `measuring at the weights of round ${this.#peer.round ?? 0}; ${counted(steps, 'direction')} so far`
    this.#reporter.progressed(progress)
    if (performance.now() - this.#shownAtMs < PROGRESS_INTERVAL_MS) return
    this.#shownAtMs = performance.now()
    this.#options.events.emit({ type: 'progress', ...progress, tokens: this.#tokens, bytes: this.#parts.network.meter.totals() })
  }

  #wait (sentence: string): void {
    this.#phase = 'waiting'
    this.#sentence = sentence
    this.#options.events.emit({ type: 'waiting', sentence })
  }

  /** What was told about one φ is a round of this peer's. */
  #closeRound (): void {
    const record = this.#rounds.close(this.#peer.steps)
    if (record === undefined) return
    const { store, network } = this.#parts
    this.#reporter.recordRound(record)
    store.recordRound(record)
    // it takes no steps that anybody could wait for
    network.announce({ round: 0, step: 0, training: false, loss: record.loss, tokensPerSecond: this.#reporter.tokensPerSecond })
    this.#options.events.emit({ type: 'round', record, bytes: network.meter.totals() })
  }

  /** The loss of the last weights that it followed; nobody has to have it. */
  async #evaluate (stop: AbortSignal): Promise<void> {
    const { trainer, network } = this.#parts
    try {
      const { loss } = await trainer.evaluate(undefined, stop)
      this.#reporter.endLoss = loss
      this.#options.events.emit({ type: 'evaluated', moment: 'end', loss, step: this.#peer.steps, tokens: this.#tokens, payloadBytesSent: network.meter.totals().payloadSent })
    } catch (error) {
      if (!stop.aborted) this.#options.events.emit({ type: 'warning', sentence: `the held-out loss was not measured: ${reasonOf(error)}` })
    }
  }

  #finish (reason: 'budget' | 'stopped'): PeerReport {
    const { network, layout, trainer: { secondsTraining } } = this.#parts
    this.#phase = 'finished'
    this.#sentence = reason === 'budget' ? 'everybody who trained has finished' : 'stopped'
    this.#reporter.step = this.#peer.steps
    this.#reporter.tokens = this.#tokens
    const report = this.#reporter.report({
      peerId: network.self, rounds: this.#rounds.closed, averagedRounds: this.#rounds.heard, parameters: layout.size, bytes: network.meter.totals(), secondsTraining, nowMs: performance.now()
    })
    this.#options.events.emit({ type: 'finished', reason, report })
    return report
  }

  #startedEvent (): PeerEvent {
    const { network, trainer, layout, invite } = this.#parts
    const { runId, manifest } = this.#options.source.run
    return {
      type: 'started', peerId: network.self, runId, runName: manifest.name, addresses: network.addresses(), invite: shownInvite(manifest, invite), backend: trainer.backend, parameters: layout.size, step: 0, resumed: false
    }
  }
}
