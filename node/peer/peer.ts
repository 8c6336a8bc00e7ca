import { performance } from 'node:perf_hooks'
import { AveragingPeer } from '../../src/averaging/averaging-peer.ts'
import type { PeerReport } from '../../src/events.ts'
import { startApiServer } from '../api/server.ts'
import { CheckpointKeeper } from './checkpoint-keeper.ts'
import { Closers } from './closers.ts'
import type { EventLog } from './event-log.ts'
import { openParts } from './open-parts.ts'
import type { PeerOptions, PeerParts } from './peer-parts.ts'
import { PeerReporter } from './peer-reporter.ts'
import { peerView } from './peer-view.ts'
import { wallClock } from './wall-clock.ts'

/**
 * Runs one peer of one run until its budget is spent or `signal` aborts; then it checkpoints, says goodbye and closes
 * everything it opened. Resolves with what it did; an abort before training began rejects with the signal's reason.
 *
 * @throws ShoalError of every kind that opening data, stores, network and trainer can meet
 */
export async function runPeer (options: PeerOptions, signal: AbortSignal): Promise<PeerReport> {
  const closers = new Closers()
  const ownStop = new AbortController()
  const stop = AbortSignal.any([signal, ownStop.signal])
  try {
    const parts = await openParts(options, closers, stop)
    const reporter = new PeerReporter(performance.now())
    closers.add('measurements', () => { reporter.close() })
    const session = new Session(options, parts, reporter)
    const api = await startApiServer({
      view: peerView({ ...options, ...parts, reporter, averaging: session.averaging, shutdown: () => { ownStop.abort(new Error('stopped by shoal stop')) } }),
      dataDirectory: options.directory.root, software: options.software, startedAtMs: Date.now()
    })
    closers.add('API', async () => api.close())
    return await session.run(stop)
  } finally {
    for (const failure of await closers.closeAll()) options.logger.warn(failure)
  }
}

/** The training part of a peer's life. */
class Session {
  readonly averaging: AveragingPeer
  readonly #options: PeerOptions
  readonly #parts: PeerParts
  readonly #reporter: PeerReporter
  readonly #checkpoints: CheckpointKeeper

  constructor (options: PeerOptions, parts: PeerParts, reporter: PeerReporter) {
    this.#options = options
    this.#parts = parts
    this.#reporter = reporter
    const { manifest } = options.source.run
    this.averaging = new AveragingPeer({
      clock: wallClock, trainer: parts.trainer, peers: parts.network, store: parts.store, method: manifest.method,
      budgetSteps: manifest.budget.steps, seed: manifest.seed, minimumPeers: options.settings.waitFor, state: parts.checkpoint?.averaging,
      onEvent: event => {
        if (event.type === 'round') this.#onRound(event)
        else if (event.type === 'waiting') options.events.emit(event)
      }
    })
    if (parts.snapshot !== undefined) this.averaging.adopt(parts.snapshot)
    parts.serving.snapshot = () => {
      const { slow: weights, round, syncedStep: step } = this.averaging.exportState()
      return { round, step, weights }
    }
    this.#checkpoints = new CheckpointKeeper({ parts, averaging: this.averaging, runId: options.source.run.runId, events: options.events, nowMs: () => performance.now() })
  }

  async run (stop: AbortSignal): Promise<PeerReport> {
    const { events } = this.#options
    const { trainer, network } = this.#parts
    events.emit(startedEvent(this.#options, this.#parts))
    await this.#evaluate('start')
    trainer.onStep(progress => {
      this.#reporter.progressed(progress)
      events.emit({ type: 'progress', ...progress, bytes: network.meter.totals() })
    })
    const onStop = (): void => { void this.averaging.stop() }
    stop.addEventListener('abort', onStop)
    if (stop.aborted) onStop()
    this.averaging.start()
    const reason = await this.averaging.done
    stop.removeEventListener('abort', onStop)
    await this.#checkpoints.write()
    this.#reporter.checkpoint = this.#checkpoints.path
    // Whoever asked to stop waits for the goodbye, not for a last measurement.
    if (reason === 'budget') await this.#evaluate('end')
    const report = this.#report()
    events.emit({ type: 'finished', reason: reason === 'budget' ? 'budget' : 'stopped', report })
    return report
  }

  #onRound ({ record }: { readonly record: Parameters<PeerReporter['recordRound']>[0] }): void {
    this.#reporter.recordRound(record)
    this.#options.events.emit({ type: 'round', record, bytes: this.#parts.network.meter.totals() })
    const { evaluateEvery, checkpointEverySeconds } = this.#options.settings
    this.#checkpoints.afterRound(checkpointEverySeconds)
    if (evaluateEvery > 0 && record.round % evaluateEvery === 0) this.#evaluate('round').catch(() => undefined)
  }

  async #evaluate (moment: 'start' | 'round' | 'end'): Promise<void> {
    const { trainer, network } = this.#parts
    const { totals } = this.averaging
    const at = { step: trainer.step, tokens: totals.tokens, payloadBytesSent: network.meter.totals().payloadSent }
    const { loss } = await trainer.evaluate()
    if (moment === 'start') this.#reporter.startLoss = loss
    if (moment === 'end') this.#reporter.endLoss = loss
    this.#options.events.emit({ type: 'evaluated', moment, loss, ...at })
  }

  #report (): PeerReport {
    const { trainer, network, layout } = this.#parts
    this.#reporter.step = trainer.step
    this.#reporter.tokens = this.averaging.totals.tokens
    return this.#reporter.report({
      peerId: network.self, parameters: layout.size, bytes: network.meter.totals(), secondsTraining: trainer.secondsTraining, nowMs: performance.now()
    })
  }
}

function startedEvent (options: PeerOptions, parts: PeerParts): Parameters<EventLog['emit']>[0] {
  const { run } = options.source
  return {
    type: 'started', peerId: parts.network.self, runId: run.runId, runName: run.manifest.name, addresses: parts.network.addresses(), invite: parts.invite(),
    backend: parts.trainer.backend, parameters: parts.layout.size, step: parts.trainer.step, resumed: parts.checkpoint !== undefined
  }
}
