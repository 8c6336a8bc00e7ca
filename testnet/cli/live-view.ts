import { performance } from 'node:perf_hooks'
import { codecNameOf } from '../../src/averaging/any-method.ts'
import type { StampedEvent } from '../../src/events.ts'
import { shortId } from '../../src/membership/short-id.ts'
import type { Output } from '../../node/cli/output.ts'
import { FrameRenderer } from '../../node/terminal/frame.ts'
import { swarmScreen } from '../../node/terminal/screens/swarm.ts'
import { createTheme } from '../../node/terminal/theme.ts'
import { RoundLines } from '../launcher/round-lines.ts'
import type { Testnet } from '../launcher/testnet.ts'
import { describeSettings } from './describe.ts'
import type { Settings } from './settings.ts'
import { isBelieved, joinLine, remarkOf } from './view.ts'
import type { SwarmViewer } from './view.ts'

/** Often enough to look alive, seldom enough to cost nothing. */
const FRAME_EVERY_MS = 250
const REMEMBERED_LINES = 20

/** On a terminal: the swarm redrawn in place a few times a second. */
export class LiveView implements SwarmViewer {
  readonly #settings: Settings
  readonly #output: Output
  readonly #frame = new FrameRenderer(process.stdout)
  readonly #names = new Map<string, string>()
  readonly #rounds: RoundLines
  readonly #recent: string[] = []
  readonly #startedAtMs = performance.now()
  #testnet: Testnet | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  readonly #nameOf = (peerId: string): string => this.#names.get(peerId) ?? shortId(peerId)

  constructor (settings: Settings, output: Output) {
    this.#settings = settings
    this.#output = output
    this.#rounds = new RoundLines(this.#nameOf)
    output.line(describeSettings(settings))
    output.line('starting the peers …')
  }

  started (testnet: Testnet): void {
    this.#testnet = testnet
    for (const view of testnet.views) this.#names.set(view.peerId, view.name)
    this.#draw()
    this.#timer = setInterval(() => { this.#draw() }, FRAME_EVERY_MS)
  }

  event (name: string, event: StampedEvent): void {
    if (event.type === 'round') this.#remember(isBelieved(this.#testnet, name) ? this.#rounds.add(name, event.record, this.#training()) : [])
    else if (event.type === 'peer-joined' && this.#testnet !== undefined && !this.#names.has(event.peerId)) {
      this.#names.set(event.peerId, shortId(event.peerId))
      this.#remember([`${shortId(event.peerId)} joined`])
    } else {
      const remark = remarkOf(name, event, this.#nameOf)
      if (remark !== undefined) this.#remember([remark])
    }
  }

  lost (name: string): void {
    this.#remember([`${name} is gone; the others go on`])
  }

  happened (sentence: string): void {
    this.#remember([sentence])
  }

  close (sentence?: string): void {
    if (this.#timer !== undefined) this.#draw()
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#frame.close()
    if (sentence !== undefined) this.#output.line(`\n${sentence}`)
  }

  #training (): number {
    return Math.max(1, this.#testnet?.seats.filter(({ view, attack }) => view.alive && attack === undefined).length ?? this.#settings.peers)
  }

  #remember (lines: readonly string[]): void {
    this.#recent.push(...lines)
    this.#recent.splice(0, Math.max(0, this.#recent.length - REMEMBERED_LINES))
  }

  #draw (): void {
    if (this.#testnet === undefined) return
    const { columns, rows } = process.stdout
    this.#frame.draw(swarmScreen({
      title: `${this.#settings.name} · ${this.#settings.methodName} · ${codecNameOf(this.#settings.method)}`,
      elapsedSeconds: (performance.now() - this.#startedAtMs) / 1000,
      budgetSteps: this.#settings.steps,
      peers: this.#testnet.seats.map(({ told }) => told),
      recentLines: this.#recent,
      joinLine: joinLine(this.#testnet.invite)
    }, { columns, rows }, createTheme(this.#output.colours)))
  }
}
