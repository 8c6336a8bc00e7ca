import { join } from 'node:path'
import type { ByteTotals, StampedEvent } from '../../src/events.ts'
import type { ErrorCode } from '../../src/errors.ts'
import type { Conduct } from '../dishonesty/conduct.ts'
import type { Attack } from '../scenarios/attacks.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { PeerProcess } from './peer-process.ts'
import type { StartedEvent } from './peer-process.ts'
import { applyEvent, newPeerView } from './swarm-view.ts'
import type { PeerView } from './swarm-view.ts'

/** One place of a testnet: a peer that may end and come back to the data it left. */
export interface SeatPlan {
  /** What a scenario calls it, and its group; people may too. */
  readonly alias: string
  readonly group: string
  readonly link: LinkProfile
  /** Share of the time that it may compute. */
  readonly throttle: number
  /** What a step of it takes at least; undefined for as fast as it can. */
  readonly leastStepMs?: number | undefined
  /** What it promises about its uplink; empty for nothing. */
  readonly upload: string
  readonly lane: 'first-order' | 'scalars'
  /** Whether it comes later, when told to. */
  readonly joinsLater: boolean
  /** What one that lies at some time does at first; nobody vouches for it. An honest peer when left out. */
  readonly conduct?: Readonly<Conduct> | undefined
}

export interface SeatOptions {
  readonly root: string
  /** Arguments of `shoal join` after the run and where to listen. */
  readonly joinArguments: readonly string[]
  readonly listen: readonly string[]
  /** Of its process, beside this one's. */
  readonly environment: Readonly<Record<string, string>>
  /** What starts its process in place of Node alone, such as a namespace's. */
  readonly launcher: readonly string[]
  readonly onEvent: (event: StampedEvent) => void
  readonly onExit: () => void
}

/** In the error of a process whose port is another's. */
const TAKEN: ErrorCode = 'PORT_IN_USE'

export class Seat {
  readonly plan: SeatPlan
  readonly view: PeerView
  readonly dataDirectory: string
  readonly #options: SeatOptions
  #process: PeerProcess | undefined
  #started: StartedEvent | undefined
  #isFrozen = false
  #wasAsked = false
  /** Whichever of its processes runs. */
  readonly #conduct: Conduct | undefined

  constructor (name: string, plan: SeatPlan, options: SeatOptions) {
    this.plan = plan
    this.view = newPeerView(name)
    this.dataDirectory = join(options.root, `peer-${name.toLowerCase()}`)
    this.#options = options
    this.#conduct = plan.conduct === undefined ? undefined : { ...plan.conduct }
    if (plan.joinsLater) Object.assign(this.view, { alive: false, phase: 'comes later' })
  }

  get name (): string { return this.view.name }
  get isRunning (): boolean { return this.#process?.running ?? false }
  get isFrozen (): boolean { return this.#isFrozen }
  /** Whether somebody has made the last of its processes end. */
  get wasAsked (): boolean { return this.#wasAsked }
  /** Whether it is over without having taken all its steps, and nobody had made it end. */
  get hasEndedUnasked (): boolean { return this.#process !== undefined && !this.isRunning && this.view.report === undefined && !this.#wasAsked }
  /** What it does to the others; undefined while it is honest. */
  get attack (): Attack | undefined { return this.#conduct?.attack }
  /** What it tells of itself, as far as it can be believed. */
  get told (): Readonly<PeerView> { return this.attack === undefined ? this.view : { ...this.view, loss: NaN, phase: `lies (${this.attack}): ${this.view.phase}` } }
  get lastWords (): string { return this.#process?.lastWords ?? '' }
  get pid (): number | undefined { return this.isRunning ? this.#process?.pid : undefined }
  /** Where it listens, or listened when it was last there. */
  get addresses (): readonly string[] { return this.#started?.addresses ?? [] }

  /**
   * Starts its process; it listens where it did before, so that those who remember it find it, unless another program has taken its port meanwhile.
   *
   * @param source what to join: a manifest or an invite
   * @param waitFor others without whom it does not begin
   * @throws ShoalError when it ends before it is ready
   */
  async launch (source: string, waitFor: number): Promise<StartedEvent> {
    const { listen } = this.#options
    const known = this.addresses.map(address => address.replace(/\/p2p\/.*$/, ''))
    if (known.length === 0) return await this.#start(source, waitFor, listen)
    try {
      return await this.#start(source, waitFor, known)
    } catch (error) {
      if (!this.lastWords.includes(TAKEN)) throw error
      return await this.#start(source, waitFor, listen)
    }
  }

  async #start (source: string, waitFor: number, listen: readonly string[]): Promise<StartedEvent> {
    const { joinArguments, environment, launcher, onEvent, onExit } = this.#options
    const told = sumOf(this.view.bytes)
    this.#wasAsked = false
    const process = new PeerProcess({
      name: this.name, dataDirectory: this.dataDirectory, environment, launcher, conduct: this.#conduct,
      joinArguments: [source, ...listen.flatMap(address => ['--listen', address]), '--wait-for', String(waitFor), ...joinArguments],
      onEvent: event => {
        const whole = told === 0 ? event : withEarlier(event, earlier)
        applyEvent(this.view, whole)
        onEvent(whole)
      }
    })
    const earlier = this.view.bytes
    this.#process = process
    Object.assign(this.view, { alive: true, phase: 'starting', report: undefined })
    void process.exited.then(() => {
      this.view.alive = false
      this.#isFrozen = false
      // It is started once more, at any port.
      if (listen === this.#options.listen || !process.lastWords.includes(TAKEN)) onExit()
    })
    this.#started = await process.started
    return this.#started
  }

  /** Asks it to checkpoint, say goodbye and end. */
  async stop (patienceMs: number): Promise<void> {
    this.#wasAsked = true
    this.thaw()
    await this.#process?.stop(patienceMs)
  }

  /** Ends it as the system's own axe does. */
  kill (): void {
    this.#wasAsked = true
    this.#process?.kill()
  }

  /** It lies from here on, in this life and the next ones. */
  lie (attack: Attack): void {
    if (this.#conduct === undefined) throw new RangeError(`${this.name} was planned as an honest peer`)
    this.#conduct.attack = attack
    this.#process?.lie({ attack })
  }

  /** Its process stands still: nothing of it computes, answers or hears. */
  freeze (): void {
    this.#isFrozen = this.#process?.send('SIGSTOP') ?? false
    if (this.#isFrozen) this.view.phase = 'paused'
  }

  thaw (): void {
    if (this.#isFrozen) this.#process?.send('SIGCONT')
    this.#isFrozen = false
  }

  async exited (): Promise<void> {
    await this.#process?.exited
  }
}

function sumOf (bytes: ByteTotals): number {
  return Object.values(bytes as unknown as Record<string, number>).reduce((sum, count) => sum + count, 0)
}

/** A process counts from zero; whoever came back has sent more than that. */
function withEarlier (event: StampedEvent, earlier: ByteTotals): StampedEvent {
  const whole = (bytes: ByteTotals): ByteTotals => ({
    payloadSent: bytes.payloadSent + earlier.payloadSent, payloadReceived: bytes.payloadReceived + earlier.payloadReceived,
    wireSent: bytes.wireSent + earlier.wireSent, wireReceived: bytes.wireReceived + earlier.wireReceived,
    controlSent: bytes.controlSent + earlier.controlSent, controlReceived: bytes.controlReceived + earlier.controlReceived
  })
  if (event.type === 'progress' || event.type === 'round') return { ...event, bytes: whole(event.bytes) }
  if (event.type === 'finished') return { ...event, report: { ...event.report, bytes: whole(event.report.bytes) } }
  return event
}
