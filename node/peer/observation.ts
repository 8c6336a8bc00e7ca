import { Hono } from 'hono'
import type { Traffic } from '../../protocols/wire/byte-meter.ts'
import { isTextModel } from '../../src/manifest/model-kind.ts'
import type { Settings } from '../config/settings.ts'
import type { PeerView } from '../api/view.ts'
import { PeerMetrics } from '../metrics/peer-metrics.ts'
import { openMetricsPort, openPagePort } from '../web/ports.ts'
import type { Port } from '../web/ports.ts'
import { pageQuestions } from '../web/routes.ts'
import type { Write } from '../web/sampling.ts'
import { SwarmHistory } from '../web/swarm-history.ts'
import type { PeerOptions, PeerParts } from './peer-parts.ts'

export interface ObservationOptions {
  readonly peer: Pick<PeerOptions, 'events' | 'software' | 'source'>
  readonly peerId: string
  /** Asked anew each time. */
  readonly view: () => PeerView
}

const NOTHING: ReadonlyMap<string, Traffic> = new Map()

/** What others see of a running peer beside the API's own answers: metrics, the swarm's course, text from its weights. */
export class Observation {
  readonly metrics: PeerMetrics
  /** Questions that stand beside those of the local API. */
  readonly routes: Hono
  readonly metricsRoute: Hono
  readonly #options: ObservationOptions
  readonly #history: SwarmHistory
  readonly #release: Array<() => void> = []
  #parts: Pick<PeerParts, 'network' | 'trainer'> | undefined

  constructor (options: ObservationOptions) {
    this.#options = options
    const { peer: { events, software }, peerId, view } = options
    this.#history = new SwarmHistory(peerId)
    this.metrics = new PeerMetrics(() => ({
      software, status: view().status(), peers: this.#parts?.network.connectedPeers() ?? [], protocols: this.#protocols(), memory: process.memoryUsage()
    }))
    this.#release.push(events.subscribe(event => {
      this.metrics.take(event)
      if (event.type === 'round') this.#history.own(event.record, view().status().tokensPerSecond)
    }))
    this.metricsRoute = new Hono()
    this.metricsRoute.get('/metrics', async context => context.body(await this.metrics.text(), 200, { 'content-type': this.metrics.contentType }))
    this.routes = pageQuestions({ history: () => this.#history, protocols: () => this.#protocols(), write: () => this.#write() })
    this.routes.route('/', this.metricsRoute)
  }

  /** The peer is open: there is more to see from now on. */
  attach (parts: Pick<PeerParts, 'network' | 'trainer'>): void {
    const { network } = parts
    this.#parts = parts
    const look = (): void => { this.#history.look(network.connectedPeers()) }
    this.#release.push(network.onChange(look))
    look()
  }

  close (): void {
    for (const release of this.#release.splice(0)) release()
  }

  #protocols (): ReadonlyMap<string, Traffic> {
    return this.#parts?.network.meter.byProtocol() ?? NOTHING
  }

  #write (): Write | undefined {
    const trainer = this.#parts?.trainer
    if (trainer === undefined || !isTextModel(this.#options.peer.source.run.manifest.model)) return undefined
    return async (request, writing) => trainer.sample(request, writing)
  }
}

export interface PortsOptions {
  readonly settings: Pick<Settings, 'web' | 'metrics'>
  readonly dataDirectory: string
  readonly view: () => PeerView
  readonly observation: Observation
}

/** Opens what the settings ask for; where one cannot be had, none stays open. @throws ShoalError CONFIG_INVALID, PORT_IN_USE */
export async function openPorts ({ settings, dataDirectory, view, observation }: PortsOptions): Promise<Array<Port & { readonly what: 'page' | 'metrics' }>> {
  const ports: Array<Port & { readonly what: 'page' | 'metrics' }> = []
  try {
    if (settings.web !== '') ports.push({ what: 'page', ...await openPagePort({ place: settings.web, dataDirectory }, view, observation.routes) })
    if (settings.metrics !== '') ports.push({ what: 'metrics', ...await openMetricsPort({ place: settings.metrics, dataDirectory }, observation.metricsRoute) })
    return ports
  } catch (error) {
    for (const port of ports) await port.close()
    throw error
  }
}
