import { performance } from 'node:perf_hooks'
import { frameMethodOf } from '../../src/averaging/any-method.ts'
import { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { AveragingEvent } from '../../src/averaging/averaging-peer.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { UploadKeeper } from '../../src/budget/upload-keeper.ts'
import type { PeerEvent, PeerReport } from '../../src/events.ts'
import type { Snapshot } from '../../protocols/state/messages.ts'
import { LaneHearing } from '../scalars/lane-hearing.ts'
import { SnapshotTaker } from '../snapshots/snapshot-taker.ts'
import type { MergeAnswer } from '../api/schema.ts'
import { CheckpointKeeper } from './checkpoint-keeper.ts'
import { snapshotIfBehind } from './join-in-progress.ts'
import { Merger } from './merger.ts'
import { shownInvite } from './invite-addresses.ts'
import type { PeerOptions, PeerParts } from './peer-parts.ts'
import type { PeerReporter } from './peer-reporter.ts'
import { uploadKeeper } from './upload-watch.ts'
import { wallClock } from './wall-clock.ts'

/** The training part of a peer's life: from the first measurement to the last checkpoint. */
export class Session {
  readonly averaging: AveragingPeer
  readonly #options: PeerOptions
  readonly #parts: PeerParts
  readonly #reporter: PeerReporter
  readonly #checkpoints: CheckpointKeeper
  readonly #hearing: LaneHearing
  readonly #merger: Merger
  readonly #upload: UploadKeeper | undefined
  readonly #endsMerged: boolean
  readonly #snapshots: SnapshotTaker | undefined
  /** Where this life of the peer began; tokens are counted on from there. */
  readonly #begin: { readonly step: number, readonly tokens: number }
  #lastSentence = ''
  /** Of a step, where batches grow. */
  #passes: number | undefined
  /** The last measurement of weights that were in training. */
  #measured: { readonly step: number, readonly rounds: number, readonly loss: Promise<number> } | undefined
  #stop: AbortSignal | undefined

  constructor (options: PeerOptions, parts: PeerParts, reporter: PeerReporter) {
    this.#options = options
    this.#parts = parts
    this.#reporter = reporter
    const { manifest } = options.source.run
    const method = frameMethodOf(manifest.method, 'rounds of averaging')
    this.#endsMerged = method.finalMerge === true
    this.#upload = uploadKeeper(options.settings, method, parts)
    this.#hearing = new LaneHearing({
      lane: method.scalarLane, runId: options.source.run.runId, trainer: parts.between.trainer(parts.pause.trainer(parts.trainer, parts.tokensPerStep)), store: parts.store, network: parts.network,
      round: () => this.averaging.describe().round, emit: event => { options.events.emit(event) }
    })
    this.averaging = new AveragingPeer({
      clock: wallClock, trainer: this.#hearing.trainer, peers: parts.between.peers(parts.pause.peers(parts.network)), store: this.#hearing.store, method,
      layout: parts.layout, budgetSteps: manifest.budget.steps, seed: manifest.seed, minimumPeers: options.settings.waitFor, state: parts.checkpoint?.averaging, worker: parts.rounds,
      decide: round => this.#upload?.decide(round),
      onEvent: event => { this.#onEvent(event) }
    })
    if (parts.snapshot !== undefined) this.averaging.adopt(parts.snapshot)
    if (parts.replicas !== undefined) {
      parts.network.snapshots.service = parts.replicas.published
      this.#snapshots = new SnapshotTaker({
        ...parts.replicas, exportState: async () => this.averaging.exportState(), tokens: () => this.#tokens(), nowMs: () => performance.now(),
        warn: sentence => { options.events.emit({ type: 'warning', sentence }) }
      })
    }
    parts.serving.snapshot = async () => this.#snapshot()
    this.#merger = new Merger({
      parts, runId: options.source.run.runId, say: sentence => { options.events.emit({ type: 'waiting', sentence }) },
      own: async () => this.#snapshot(), isOver: () => this.#isOver()
    })
    this.#begin = { step: parts.trainer.step, tokens: parts.checkpoint?.tokens ?? 0 }
    this.#checkpoints = new CheckpointKeeper({
      parts, averaging: this.averaging, runId: options.source.run.runId, events: options.events, tokens: () => this.#tokens(), nowMs: () => performance.now()
    })
  }

  /**
   * Trains until the budget is spent or `stop` aborts.
   *
   * @throws ShoalError TRAINER_FAILED when training cannot go on
   */
  async run (stop: AbortSignal): Promise<PeerReport> {
    const { events } = this.#options
    const { trainer, network } = this.#parts
    this.#stop = stop
    events.emit(this.#startedEvent())
    // whoever takes over from others is waited for: its first step comes before any measurement
    if (trainer.step === 0 && !await this.#measureFirst(stop)) return this.#finish('stopped')
    await this.#catchUp(stop)
    trainer.onStep(progress => {
      this.#reporter.progressed(progress)
      this.#upload?.look()
      this.#tellGrowth(progress.passes)
      events.emit({ type: 'progress', ...progress, tokens: this.#tokens(), bytes: network.meter.totals() })
    })
    const reason = await this.#train(stop)
    if (reason === 'failed') throw trainingFailed(this.#lastSentence)
    // Whoever asked to stop waits for the goodbye, not for a last measurement.
    await this.#checkpoints.write(reason === 'budget' ? this.#measure('end') : undefined)
    this.#reporter.checkpoint = this.#checkpoints.path
    if (reason === 'budget' && this.#endsMerged) await this.#mergeInTheEnd(stop)
    return this.#finish(reason)
  }

  /** Says it once for each size that a batch grows to. */
  #tellGrowth (passes: number | undefined): void {
    if (passes === undefined || passes === this.#passes) return
    const { accumulate, batch } = this.#options.source.run.manifest.inner
    if (passes !== (this.#passes ?? accumulate)) {
      this.#options.events.emit({ type: 'waiting', sentence: `the gradient is too noisy for its size: at step ${this.#parts.trainer.step} a step has become ${passes} passes of ${batch} sequences` })
    }
    this.#passes = passes
  }

  #finish (reason: 'budget' | 'stopped'): PeerReport {
    const report = this.#report()
    this.#options.events.emit({ type: 'finished', reason, report })
    return report
  }

  /** Whether it was measured; a peer that was stopped before has nothing to save. @throws ShoalError TRAINER_FAILED */
  async #measureFirst (stop: AbortSignal): Promise<boolean> {
    try {
      await this.#evaluate('start')
      return true
    } catch (error) {
      if (stop.aborted) return false
      throw error
    }
  }

  /** Merges with whoever is there now; null for a peer that is alone. @throws ShoalError TRAINER_FAILED */
  async mergeNow (signal: AbortSignal): Promise<MergeAnswer['merged']> {
    const event = await this.#merger.merge(signal)
    if (event === undefined) return null
    this.#options.events.emit(event)
    const { step, members, spread, lossBefore, lossAfter, path } = event
    return { step, members: [...members], spread, lossBefore, lossAfter, path }
  }

  /** What training gave is safe by then: a merge that fails costs nothing but itself. */
  async #mergeInTheEnd (stop: AbortSignal): Promise<void> {
    const { events } = this.#options
    try {
      const event = await this.#merger.mergeInTheEnd(stop)
      if (event !== undefined) events.emit(event)
    } catch (error) {
      events.emit({ type: 'warning', sentence: `no final merge: ${stop.aborted ? 'this peer was stopped' : reasonOf(error)}` })
    }
  }

  /** Weights for joiners and for merges: those of the last round, or what training ended with. */
  async #snapshot (): Promise<Snapshot & { readonly tokens: number }> {
    const tokens = this.#tokens()
    return { ...await this.averaging.snapshot(), tokens }
  }

  #isOver (): boolean {
    return this.averaging.describe().phase === 'finished'
  }

  async #train (stop: AbortSignal): Promise<'budget' | 'stopped' | 'failed'> {
    const onStop = (): void => { void this.averaging.stop() }
    stop.addEventListener('abort', onStop)
    if (stop.aborted) onStop()
    this.averaging.start()
    try {
      return await this.averaging.done
    } finally {
      stop.removeEventListener('abort', onStop)
    }
  }

  /** The swarm may have gone far while this peer was away, or was still preparing; who has just fetched a replica has one that is recent enough. */
  async #catchUp (stop: AbortSignal): Promise<void> {
    const { snapshot: fetched, joining } = this.#parts
    const isFresh = stop.aborted || fetched !== undefined
    const snapshot = isFresh ? undefined : await snapshotIfBehind({ ...joining, signal: stop }, this.averaging.describe().round)
    if (snapshot !== undefined) this.averaging.adopt(snapshot)
    const { round: count } = this.averaging.describe()
    const round = (fetched ?? snapshot)?.round ?? count
    if (round > 0) void this.#snapshots?.take(round, count)
  }

  #onEvent (event: AveragingEvent): void {
    if (event.type === 'waiting') this.#options.events.emit(event)
    else if (event.type === 'finished') this.#lastSentence = event.sentence
    else this.#onRound(this.#hearing.told(event.record))
  }

  #onRound (record: Parameters<PeerReporter['recordRound']>[0]): void {
    this.#reporter.recordRound(record)
    this.#upload?.learn(record)
    this.#snapshots?.afterRound(record)
    this.#options.events.emit({ type: 'round', record, bytes: this.#parts.network.meter.totals() })
    const { evaluateEvery, checkpointEverySeconds } = this.#options.settings
    const isMeasured = evaluateEvery > 0 && record.round % evaluateEvery === 0
    this.#checkpoints.afterRound(checkpointEverySeconds, isMeasured ? this.#measure('round') : undefined)
  }

  /** A loss that nobody has to have: training and checkpoints go on without it. */
  async #measure (moment: 'round' | 'end'): Promise<number | undefined> {
    try {
      return await this.#evaluate(moment)
    } catch (error) {
      if (this.#stop?.aborted === true) return undefined
      this.#options.events.emit({ type: 'warning', sentence: `the held-out loss was not measured: ${reasonOf(error)}` })
      return undefined
    }
  }

  async #evaluate (moment: 'start' | 'round' | 'end'): Promise<number> {
    const { trainer, network } = this.#parts
    const at = { step: trainer.step, tokens: this.#tokens(), payloadBytesSent: network.meter.totals().payloadSent }
    const loss = await this.#lossNow()
    this.#reporter.heldOut = { loss, step: at.step }
    if (moment === 'start') this.#reporter.startLoss = loss
    if (moment === 'end') this.#reporter.endLoss = loss
    this.#options.events.emit({ type: 'evaluated', moment, loss, ...at })
    return loss
  }

  /** Weights that no step and no round has moved since are not measured again. */
  async #lossNow (): Promise<number> {
    const { trainer } = this.#parts
    const [step, rounds] = [trainer.step, this.averaging.totals.rounds]
    if (this.#measured?.step !== step || this.#measured.rounds !== rounds) {
      this.#measured = { step, rounds, loss: trainer.evaluate(undefined, this.#stop).then(({ loss }) => loss) }
    }
    return await this.#measured.loss
  }

  #tokens (): number {
    return this.#parts.trainer.tokens ?? this.#begin.tokens + (this.#parts.trainer.step - this.#begin.step) * this.#parts.tokensPerStep
  }

  #report (): PeerReport {
    const { trainer, network, layout } = this.#parts
    this.#reporter.step = trainer.step
    this.#reporter.tokens = this.#tokens()
    const { rounds, averagedRounds } = this.averaging.totals
    return this.#reporter.report({
      peerId: network.self, rounds, averagedRounds, parameters: layout.size, bytes: network.meter.totals(), secondsTraining: trainer.secondsTraining, nowMs: performance.now()
    })
  }

  #startedEvent (): PeerEvent {
    const { network, trainer, layout, invite, checkpoint } = this.#parts
    const { runId, manifest } = this.#options.source.run
    return {
      type: 'started', peerId: network.self, runId, runName: manifest.name, addresses: network.addresses(), invite: shownInvite(manifest, invite), backend: trainer.backend,
      parameters: layout.size, step: trainer.step, resumed: checkpoint !== undefined
    }
  }
}

function trainingFailed (sentence: string): ShoalError {
  return new ShoalError({
    code: 'TRAINER_FAILED', what: 'training cannot go on', why: sentence,
    tryThis: 'shoal join again goes on from the last checkpoint; if it fails there too, the learning rate may be too high'
  })
}
