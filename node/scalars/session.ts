import { performance } from 'node:perf_hooks'
import type { Description } from '../../src/averaging/round-machine.ts'
import { reasonOf } from '../../src/errors.ts'
import type { ShoalError } from '../../src/errors.ts'
import type { PeerEvent, PeerReport } from '../../src/events.ts'
import type { Trainer } from '../../src/ports.ts'
import { shortId } from '../../src/membership/short-id.ts'
import { trainedSize } from '../../src/spsa/adapter-start.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import { EVERYONE } from '../../src/spsa/one-byte-messages.ts'
import type { OneByteReport } from '../../src/spsa/one-byte-messages.ts'
import type { ScalarMachine } from '../../src/spsa/scalar-machine.ts'
import { packsAnAnnouncement, roomOf, stepsARound, stepsOf } from '../../src/spsa/scalar-methods.ts'
import type { LedgerAnswer, MergeAnswer } from '../api/schema.ts'
import { shownInvite } from '../peer/invite-addresses.ts'
import type { PeerOptions } from '../peer/peer-parts.ts'
import type { PeerReporter } from '../peer/peer-reporter.ts'
import type { StepProgress } from '../trainer-worker/messages.ts'
import { unknownGenesis } from '../peer/unknown-genesis.ts'
import { Aftermath } from './aftermath.ts'
import { keyOf, keyOfPeer, peerOfKey } from './keys.ts'
import { ledgerAnswer } from './ledger-answer.ts'
import { beginningOf, createMachine, firstStepOf, stepsOfOwn } from './machine.ts'
import { meetOthers } from './meeting.ts'
import { ModelAnswers } from './model-answers.ts'
import { ModelOutlet } from './model-outlet.ts'
import type { Moment } from './model-outlet.ts'
import { PackRounds } from './pack-rounds.ts'
import { nothingToMerge, packsNotKept, trainingFailed } from './scalar-errors.ts'
import { remarksOf } from './remarks.ts'
import type { ScalarParts } from './scalar-parts.ts'
import { SharingWords, awaitingSentence, unpairedSentence } from './sharing-words.ts'
import { signer, verifier } from './signing.ts'
import { Snapshots } from './snapshots.ts'

type Phase = Description['phase']
type End = 'budget' | 'stopped'

/** Progress is for eyes. */
const [PROGRESS_INTERVAL_MS, MS_PER_SECOND] = [250, 1000]

/** The training part of a peer's life in a run of scalars: from the first measurement to the last comparison. */
export class ScalarSession {
  readonly machine: ScalarMachine
  readonly #options: PeerOptions
  readonly #parts: ScalarParts
  readonly #reporter: PeerReporter
  readonly #trainer: Trainer
  readonly #rounds: PackRounds
  readonly #aftermath: Aftermath
  readonly #steps: number
  readonly #ended: Promise<End>
  #end: { readonly resolve: (end: End) => void, readonly reject: (error: ShoalError) => void } = { resolve: () => undefined, reject: () => undefined }
  readonly #answers = new ModelAnswers(() => this.machine)
  readonly #settled = new Set<string>()
  readonly #snapshots: Snapshots
  readonly #outlet: ModelOutlet
  #phase: Phase = 'idle'
  #sentence = 'about to measure the first loss'
  #tokens = 0
  /** Steps of this life. */
  #measured = 0
  /** Steps that this peer took in earlier lives; those of packs that are forgotten count as whole ones. */
  readonly #stepsBefore: number
  #secondsTraining = 0
  #shownAtMs = 0
  readonly #sharing = new SharingWords()
  #checkpointedAtMs = performance.now()

  constructor (options: PeerOptions, parts: ScalarParts, reporter: PeerReporter) {
    this.#options = options
    this.#parts = parts
    this.#reporter = reporter
    const { run } = options.source
    const { network, trainer, loaded, method, samplingSeed } = parts
    this.#trainer = parts.between.trainer(parts.pause.trainer(trainer, parts.tokensPerStep))
    this.#steps = stepsOf(run.manifest)
    this.#ended = new Promise((resolve, reject) => { this.#end = { resolve, reject } })
    // whoever trains hears of it; before that nobody waits
    this.#ended.catch(() => undefined)
    this.#snapshots = new Snapshots({
      run: run.manifest, method, parameters: method.kind === 'one-byte' ? trainedSize(method, run.manifest.model) : parts.layout.size, stepOf: place => this.#rounds.stepOf(place), network, machine: () => this.machine, keeper: parts.ledger, newest: async () => parts.kept.newest(),
      hasWeights: (method.kind === 'fedkseed' ? loaded.genesis : loaded.snapshot) !== undefined || run.manifest.genesis === undefined,
      begin: weights => {
        trainer.weights.set(weights)
        parts.ledger.begins(weights)
      },
      say: sentence => { this.#say('seeking', sentence) }, warn: sentence => { options.events.emit({ type: 'warning', sentence }) }
    })
    const room = roomOf(method)
    const isMember = (peer: string): boolean => this.machine.ledger.headOf(peer).next > 0 || this.machine.ledger.heads().length < room
    this.machine = createMachine({
      method, run: { runId: run.runId, steps: this.#steps, isMember }, trainer: this.#trainer, loaded, samplingSeed,
      others: () => this.#present().flatMap(peerId => keyOfPeer(peerId) ?? []),
      worked: seconds => { this.#secondsTraining += seconds },
      ports: {
        peer: keyOf(network.self),
        sign: signer(parts.secretKey),
        verify: verifier(),
        keep: (entry, kept) => { parts.ledger.keep(entry, kept) },
        send: parts.between.scalars((to, message) => {
          // whoever has no weights yet knows nothing that others could compare with
          if (!this.#snapshots.hasWeights && message.kind !== 'seek' && message.kind !== 'inquiry') return
          for (const peerId of to === EVERYONE ? this.#present() : [peerOfKey(to)]) network.scalars.send(peerId, message)
        }),
        report: event => { this.#onReport(event) }
      }
    })
    this.machine.restore(loaded.entries)
    this.#stepsBefore = stepsOfOwn(method, this.machine.ledger, keyOf(network.self))
    this.#outlet = new ModelOutlet(options, parts, reporter, this.#answers)
    this.#rounds = new PackRounds({ steps: stepsARound(method), window: this.machine.ledger.rules.window }, network)
    this.#aftermath = new Aftermath({ machine: this.machine, network, say: sentence => { this.#say('committing', sentence) } })
    parts.serving.snapshot = async () => this.#snapshots.served()
    network.scalars.onMessage((peerId, message) => {
      const key = keyOfPeer(peerId)
      if (key !== undefined) this.machine.receive(key, message)
    })
  }

  /** One word for what the peer does, and the reason in a sentence. */
  describe (): { readonly phase: Phase, readonly sentence: string, readonly round: number } {
    return { phase: this.#phase, sentence: this.#sentence, round: this.#rounds.round }
  }

  /**
   * Trains until the budget is spent or `stop` aborts.
   *
   * @throws ShoalError TRAINER_FAILED when training cannot go on, DATA_DIRECTORY_UNWRITABLE when its packs cannot be kept
   */
  async run (stop: AbortSignal): Promise<PeerReport> {
    this.#options.events.emit(this.#startedEvent())
    const ready = AbortSignal.any([stop, this.#answers.gone])
    if (this.#parts.method.kind === 'ferret') this.#parts.trainer.onStep(progress => { this.#onProgress({ ...progress, step: this.machine.step }) })
    try {
      await meetOthers({
        peer: this.#options, network: this.#parts.network, joinLedger: async present => this.#snapshots.join(present, ready), inquire: key => { this.machine.inquire(key) },
        isSettled: key => this.#settled.has(key), say: (phase, sentence) => { this.#say(phase, sentence) }
      }, ready)
      if (!this.#snapshots.hasWeights) throw unknownGenesis(this.#options.source.run.manifest)
      this.#reporter.startLoss = await this.#outlet.evaluate('start', { ...this.#moment(), step: this.#rounds.stepOf(beginningOf(this.machine.ledger, keyOf(this.#parts.network.self))) }, ready)
    } catch (error) {
      if (stop.aborted) return this.#finish('stopped')
      this.#answers.gone.throwIfAborted()
      throw error
    }
    const reason = await this.#train(stop)
    this.#announce(false)
    if (reason === 'budget') await this.#aftermath.agree(AbortSignal.any([stop, this.#answers.gone]))
    this.#snapshots.close()
    this.#parts.ledger.record(await this.#answers.state())
    await this.#parts.ledger.settled()
    await this.#parts.network.scalars.flush()
    if (reason === 'budget') this.#reporter.endLoss = await this.#outlet.evaluate('end', this.#moment(), stop).catch(() => NaN)
    await this.#outlet.checkpoint(this.#moment(), Number.isFinite(this.#reporter.endLoss) ? this.#reporter.endLoss : undefined)
    return this.#finish(reason)
  }

  /** @throws ShoalError METHOD_UNSUPPORTED always: everybody has the one model */
  async mergeNow (): Promise<MergeAnswer['merged']> {
    return Promise.reject(nothingToMerge())
  }

  /** The ledger as it is at this moment. */
  async ledger (): Promise<Omit<LedgerAnswer, 'version'>> {
    return ledgerAnswer(this.#options.source.run.runId, this.machine, this.#parts.ledger, this.#parts.kept, this.#answers)
  }

  async #train (stop: AbortSignal): Promise<End> {
    const onStop = (): void => {
      this.machine.stop()
      this.#trainer.stop()
    }
    stop.addEventListener('abort', onStop)
    if (stop.aborted) onStop()
    this.#announce(true)
    this.#phase = 'training'
    this.machine.start(firstStepOf(this.machine.ledger, keyOf(this.#parts.network.self)))
    try {
      return await this.#ended
    } finally {
      stop.removeEventListener('abort', onStop)
    }
  }

  #onReport (event: OneByteReport): void {
    const { events } = this.#options
    switch (event.kind) {
      case 'step': { this.#onStep(event); return }
      case 'admitted': {
        this.#parts.ledger.add(event.entry)
        this.#rounds.admitted(event.entry, this.machine.step)
        this.#aftermath.changed()
        return
      }
      case 'withdrawn': {
        this.#parts.ledger.cut(event.peer, event.entries, this.machine.ledger.proofOf(event.peer))
        this.#aftermath.changed()
        events.emit({ type: 'warning', sentence: `${shortId(peerOfKey(event.peer))} signed two continuations of its chain: ${event.entries.length} entries of it count no longer` })
        return
      }
      case 'refused': { events.emit({ type: 'peer-rejected', peerId: peerOfKey(event.from), code: event.code, sentence: event.reason, by: 'us' }); return }
      case 'packed': { this.#onPack(event.entry); return }
      case 'sealed': { this.#rounds.sealed(event.start.snapshot.step, event.agreed); this.#snapshots.onReport(event); return }
      case 'adopted': { this.#aftermath.changed(); this.#snapshots.onReport(event); return }
      case 'sharing': { this.#phase = 'training'; this.#sharing.current = event; return }
      case 'awaiting': { this.#say('waiting', awaitingSentence(event, this.#rounds.stepOf(event.place))); return }
      case 'unpaired': { events.emit({ type: 'warning', sentence: unpairedSentence(event, this.#rounds.stepOf(event.before)) }); return }
      case 'offered': case 'told-heads': case 'told-sums': case 'overruled': { this.#snapshots.onReport(event); return }
      case 'settled': { this.#settled.add(event.from); return }
      case 'agreed': { this.#aftermath.agreed(event.from); this.#rounds.agreed(event.from); return }
      case 'lacking': { this.#rounds.lacked(); return }
      case 'rebuilt': { events.emit({ type: 'warning', sentence: `this peer’s weights differed from those of ${shortId(peerOfKey(event.from))} at step ${this.#rounds.stepOf(event.step)} with the same bytes, and were made anew` }); return }
      case 'finished': { this.#end.resolve('budget'); return }
      case 'stopped': { this.#end.resolve('stopped'); return }
      case 'failed': { this.#failed(trainingFailed(event.reason)) }
    }
  }

  /** Its packs cannot be kept, so it signs none. */
  fail (error: unknown): void { this.#failed(packsNotKept(error)) }

  #failed (error: ShoalError): void {
    this.#answers.fail(error)
    this.#end.reject(error)
  }

  #onStep ({ loss, tokens }: Extract<OneByteReport, { kind: 'step' }>): void {
    this.#tokens += tokens
    this.#measured++
    this.#rounds.measured(loss)
    const [{ step }, { method }] = [this.machine, this.#parts]
    this.#sentence = `${method.kind === 'ferret' ? 'training from' : `measuring${this.#sharing.part}`} step ${step} of ${this.#steps}${this.#sharing.partner}; ${[this.#rounds.delaySentence, ...this.#remarks()].join('; ')}`
    if (method.kind !== 'ferret' && Number.isFinite(loss)) this.#onProgress({ step, loss, tokensPerSecond: this.#tokens / Math.max(1e-3, this.#secondsTraining) })
  }

  #onProgress (progress: Pick<StepProgress, 'step' | 'loss' | 'tokensPerSecond'>): void {
    this.#reporter.progressed(progress)
    if (performance.now() - this.#shownAtMs < PROGRESS_INTERVAL_MS) return
    this.#shownAtMs = performance.now()
    this.#options.events.emit({ type: 'progress', step: progress.step, loss: progress.loss, tokensPerSecond: progress.tokensPerSecond, tokens: this.#tokensInAll(), bytes: this.#parts.network.meter.totals() })
  }

  #remarks (): string[] { return remarksOf(this.#parts.method, { step: this.machine.step, steps: this.#steps, told: this.#stepsBefore + this.#measured }) }

  #onPack (entry: Entry): void {
    const { settings: { evaluateEvery, checkpointEverySeconds }, events } = this.#options
    const record = this.#rounds.close(this.machine.step, entry, [...this.#sharing.remarks(), ...this.#remarks()])
    this.#reporter.recordRound(record)
    this.#parts.store.recordRound(record)
    if ((this.#rounds.closed - 1) % packsAnAnnouncement(this.#parts.method) === 0) this.#announce(true)
    events.emit({ type: 'round', record, bytes: this.#parts.network.meter.totals() })
    if (evaluateEvery > 0 && record.round % evaluateEvery === 0) {
      this.#outlet.evaluate('round', this.#moment()).catch((error: unknown) => { events.emit({ type: 'warning', sentence: `the held-out loss was not measured: ${reasonOf(error)}` }) })
    }
    if (performance.now() - this.#checkpointedAtMs < checkpointEverySeconds * MS_PER_SECOND) return
    this.#checkpointedAtMs = performance.now()
    this.#outlet.checkpoint(this.#moment(), undefined).catch((error: unknown) => { events.emit({ type: 'warning', sentence: `no checkpoint was written: ${reasonOf(error)}` }) })
  }

  #announce (training: boolean): void {
    const { loss, tokensPerSecond } = this.#reporter
    this.#parts.network.announce({ round: this.#rounds.round, step: this.machine.step, training, loss, tokensPerSecond })
  }

  #say (phase: Phase, sentence: string): void {
    this.#phase = phase
    this.#sentence = sentence
    this.#options.events.emit({ type: 'waiting', sentence })
  }

  #present (): string[] { return this.#parts.network.present().map(({ peerId }) => peerId) }

  #moment (): Moment { return { step: this.machine.step, round: this.#rounds.round, tokens: this.#tokensInAll() } }

  #tokensInAll (): number { return this.#parts.tokensPerStep * this.#stepsBefore + this.#tokens }

  #finish (reason: End): PeerReport {
    const { network, layout } = this.#parts
    this.#phase = 'finished'
    this.#reporter.step = this.machine.step
    this.#reporter.tokens = this.#tokensInAll()
    const report = this.#reporter.report({
      peerId: network.self, rounds: this.#rounds.closed, averagedRounds: this.#rounds.shared, parameters: layout.size, bytes: network.meter.totals(),
      secondsTraining: this.#secondsTraining, nowMs: performance.now()
    })
    this.#options.events.emit({ type: 'finished', reason, report })
    return report
  }

  #startedEvent (): PeerEvent {
    const { network, trainer, layout, invite, loaded } = this.#parts
    const { runId, manifest } = this.#options.source.run
    return {
      type: 'started', peerId: network.self, runId, runName: manifest.name, addresses: network.addresses(), invite: shownInvite(manifest, invite), backend: trainer.backend,
      parameters: layout.size, step: this.#stepsBefore, resumed: loaded.entries.length > 0 || (loaded.snapshot?.step ?? 0) > 0
    }
  }
}
