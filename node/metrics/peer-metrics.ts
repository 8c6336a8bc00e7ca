import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { PeerEvent } from '../../src/events.ts'
import { METRICS } from './definitions.ts'
import type { Figures, MetricDefinition, Sample } from './definitions.ts'
import { libp2pMetrics } from './libp2p-metrics.ts'
import type { LibraryMetrics } from './libp2p-metrics.ts'
import { Tally } from './tally.ts'

/** From a partner that is there at once to the longest patience that a manifest allows. */
const WAIT_BUCKETS_SECONDS = [0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600]
const MILLISECONDS_PER_SECOND = 1000

/** What a peer knows of itself, but for what is counted here. */
export type FiguresSource = () => Omit<Figures, 'tally'>

/** The metrics of one peer, in a registry of its own: several peers may live in one process. */
export class PeerMetrics {
  /** To be given to libp2p, so that its own metrics stand beside ours. */
  readonly libp2p: LibraryMetrics
  readonly #registry = new Registry()
  readonly #tally = new Tally()
  readonly #waits: Histogram<'outcome'>
  readonly #source: FiguresSource
  /** Of the answer that is being made: all its numbers are of one moment. */
  #figures: Figures | undefined

  constructor (source: FiguresSource) {
    this.#source = source
    this.libp2p = libp2pMetrics(this.#registry)
    this.#waits = new Histogram({
      name: 'shoal_round_wait_seconds', help: 'How long training rested for a round.', labelNames: ['outcome'], buckets: WAIT_BUCKETS_SECONDS, registers: [this.#registry]
    })
    for (const definition of METRICS) this.#register(definition)
  }

  get contentType (): string { return this.#registry.contentType }

  take (event: PeerEvent): void {
    this.#tally.take(event)
    if (event.type === 'round') this.#waits.observe({ outcome: event.record.outcome }, event.record.waitedMs / MILLISECONDS_PER_SECOND)
  }

  /** Everything in Prometheus' text format. */
  async text (): Promise<string> {
    this.#figures = { ...this.#source(), tally: this.#tally }
    return await this.#registry.metrics()
  }

  #register ({ name, help, kind, labels, read }: MetricDefinition): void {
    const samples = (): readonly Sample[] => this.#figures === undefined ? [] : read(this.#figures)
    const configuration = { name, help, labelNames: [...labels], registers: [this.#registry] }
    // prom-client calls `collect` with the metric as `this`. A reset leaves a zero where there are no labels; what is not known is not zero.
    if (kind === 'gauge') {
      new Gauge({
        ...configuration,
        collect () {
          this.reset()
          if (labels.length === 0) this.remove()
          for (const { labels: of = {}, value } of samples()) this.set(of, value)
        }
      })
      return
    }
    new Counter({
      ...configuration,
      collect () {
        this.reset()
        if (labels.length === 0) this.remove()
        for (const { labels: of = {}, value } of samples()) this.inc(of, value)
      }
    })
  }
}
