import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StampedEvent } from '../../src/events.ts'
import { ShoalError } from '../../src/errors.ts'
import { formatInvite } from '../../src/manifest/invite.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ComputeSettings } from '../../node/backends/contract.ts'
import { inviteAddresses } from '../../node/peer/invite-addresses.ts'
import { PACE_VARIABLE } from '../../node/trainer-worker/pace.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import type { PlannedRoute } from '../scenarios/plan.ts'
import { peerName } from './peer-names.ts'
import { Seat } from './seat.ts'
import type { SeatPlan } from './seat.ts'
import type { PeerView } from './swarm-view.ts'
import type { LinkedProcess, TestnetLinks } from './testnet-links.ts'

export interface TestnetOptions {
  /** Folder that holds one data directory a peer. */
  readonly root: string
  readonly seats: readonly SeatPlan[]
  /** Into which the run's data is cut; one for each seat when left out. */
  readonly shards?: number | undefined
  readonly routes: readonly PlannedRoute[]
  /** What peers reach each other over; the machine's loopback when left out. The testnet closes it. */
  readonly links: TestnetLinks | undefined
  /** Addresses that each peer listens on, e.g. /ip4/127.0.0.1/tcp/0. */
  readonly listen: readonly string[]
  readonly compute: ComputeSettings
  /** Held-out losses are taken every so many rounds; 0 only at the start and the end. */
  readonly evaluateEveryRounds: number
  readonly bytesPerDay: string
  /** A config file whose settings the peers follow where nothing above says otherwise. */
  readonly configFile?: string | undefined
  /** Of every peer's process, beside this one's. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  readonly onEvent: (name: string, event: StampedEvent) => void
  readonly onExit: (name: string, lost: boolean) => void
}

/** A stopping peer may finish its step, evaluate and write a checkpoint. */
const STOP_PATIENCE_MS = 75_000

/** A local swarm: real peers in processes of their own, on one machine. */
export class Testnet {
  readonly #options: TestnetOptions
  readonly #file: string
  readonly #runId: string
  readonly #seats: readonly Seat[]
  /** What still has to end before the testnet has: processes, and returns that were promised. */
  readonly #pending = new Set<symbol>()
  readonly #idle: Array<() => void> = []
  #stopped: Promise<void> | undefined

  private constructor (manifest: SignedManifest, options: TestnetOptions, seats: readonly Seat[]) {
    this.#options = options
    this.#file = fileOf(options.root)
    this.#runId = manifest.runId
    this.#seats = seats
  }

  get views (): readonly PeerView[] { return this.#seats.map(seat => seat.view) }

  get seats (): readonly Seat[] { return this.#seats }

  get links (): TestnetLinks | undefined { return this.#options.links }

  /** With what one more peer can join now: it names two peers that are alive. */
  get invite (): string {
    return this.#inviteOf(this.#seats.filter(seat => seat.isRunning))
  }

  /**
   * Starts the first peer from the manifest and all others from its invite.
   *
   * @throws ShoalError when a peer ends before it is ready; the others are stopped first
   */
  static async start (manifest: SignedManifest, options: TestnetOptions): Promise<Testnet> {
    await mkdir(options.root, { recursive: true })
    await writeFile(fileOf(options.root), manifest.bytes)
    const linked = await linkedProcesses(options)
    const seats: readonly Seat[] = options.seats.map((plan, index) => seatOf(plan, index, linked[index], options, seat => { testnet.#ended(seat) }))
    const testnet = new Testnet(manifest, options, seats)
    for (const route of options.routes) testnet.#lay(route)
    try {
      await testnet.#launchAll(seats.filter(seat => !seat.plan.joinsLater))
      return testnet
    } catch (error) {
      await testnet.stop()
      throw error
    }
  }

  dataDirectoryOf (name: string): string {
    return this.seat(name).dataDirectory
  }

  /** What the peers that ended early wrote to their standard errors. */
  lastWords (): string {
    return this.#seats.map(seat => seat.lastWords).filter(words => words !== '').join('\n')
  }

  /** Resolves when every peer has ended, and everyone who was to come back has. */
  async finished (): Promise<void> {
    if (this.#pending.size > 0) await new Promise<void>(resolve => this.#idle.push(resolve))
    await this.#options.links?.close()
  }

  /** Stops every peer gracefully, all at once; nobody comes back after that. Idempotent. */
  async stop (): Promise<void> {
    this.#stopped ??= Promise.all(this.#seats.map(async seat => seat.stop(STOP_PATIENCE_MS))).then(async () => this.#options.links?.close())
    await this.#stopped
  }

  /** The testnet goes on until the function that this returns is called, whoever has ended. */
  hold (): () => void {
    const token = Symbol('hold')
    this.#pending.add(token)
    return () => { this.#release(token) }
  }

  /** Ends one peer as a power cut would. */
  kill (name: string): void {
    this.seat(name).kill()
  }

  /** It checkpoints, says goodbye and ends. */
  async leave (name: string): Promise<void> {
    await this.seat(name).stop(STOP_PATIENCE_MS)
  }

  /** Brings a peer, for the first time or back to what it left. Does nothing for one that is there. @throws ShoalError when it cannot start */
  async bring (name: string): Promise<void> {
    const seat = this.seat(name)
    await seat.exited()
    if (this.#stopped === undefined && !seat.isRunning) await this.#launch(seat, 0)
  }

  /** Another line for a peer, from here on. @throws ShoalError USAGE on a testnet without links */
  relink (name: string, link: LinkProfile): void {
    this.shapedLinks().book.shape(this.seat(name).name, link)
  }

  /** @throws ShoalError USAGE on a testnet without links */
  shapedLinks (): TestnetLinks {
    if (this.#options.links !== undefined) return this.#options.links
    throw new ShoalError({ code: 'USAGE', what: 'the links of this testnet cannot be changed', why: 'it was started with --links none, so its peers reach each other as the machine does', tryThis: 'start it without --links none' })
  }

  /** A peer by its letter or by what the scenario calls it. @throws ShoalError USAGE */
  seat (name: string): Seat {
    const found = this.#seats.find(seat => seat.name === name) ?? this.#seats.find(seat => seat.plan.alias === name)
    if (found !== undefined) return found
    throw new ShoalError({
      code: 'USAGE',
      what: `this testnet has no peer ${name}`,
      why: `its peers are ${this.#seats.map(seat => seat.name).join(', ')}`,
      tryThis: 'use one of these names'
    })
  }

  async #launchAll (seats: readonly Seat[]): Promise<void> {
    const [first, ...others] = seats
    if (first === undefined) return
    const waitFor = others.filter(({ plan }) => plan.lane === 'first-order').length
    await this.#launch(first, waitFor)
    // The first peer's invite leads the others; it is special to them for this one moment only.
    await Promise.all(others.map(async seat => this.#launch(seat, waitFor)))
  }

  async #launch (seat: Seat, waitFor: number): Promise<void> {
    const source = this.#inviteOf(this.#seats.filter(other => other !== seat && other.isRunning)) || this.#inviteOf(this.#seats.filter(other => other !== seat)) || this.#file
    const started = seat.launch(source, waitFor)
    this.#pending.add(tokenOf(seat))
    const { addresses } = await started
    this.#options.links?.place(seat.name, addresses)
  }

  #inviteOf (seats: readonly Seat[]): string {
    const [first, ...others] = seats.filter(seat => seat.addresses.length > 0)
    return first === undefined ? '' : formatInvite({ runId: this.#runId, addresses: inviteAddresses(first.addresses, others) })
  }

  #lay ({ from, to, link }: PlannedRoute): void {
    const ends = (group: string): readonly Seat[] => this.#seats.filter(seat => seat.plan.group === group)
    for (const near of ends(from)) for (const far of ends(to)) if (near !== far) this.#options.links?.book.route(near.name, far.name, link)
  }

  #ended (seat: Seat): void {
    this.#options.onExit(seat.name, seat.view.report === undefined)
    this.#release(tokenOf(seat))
  }

  #release (token: symbol): void {
    this.#pending.delete(token)
    if (this.#pending.size === 0) for (const wake of this.#idle.splice(0)) wake()
  }
}

/** Each peer's line, in order; none is left open where one cannot be had. */
async function linkedProcesses ({ seats, links }: TestnetOptions): Promise<ReadonlyArray<LinkedProcess | undefined>> {
  try {
    return await Promise.all(seats.map(async ({ link }, index) => links?.open(peerName(index), link)))
  } catch (error) {
    await links?.close()
    throw error
  }
}

const tokens = new WeakMap<Seat, symbol>()

/** One token a seat, whichever of its processes runs. */
function tokenOf (seat: Seat): symbol {
  const token = tokens.get(seat) ?? Symbol(seat.name)
  tokens.set(seat, token)
  return token
}

function fileOf (root: string): string {
  return join(root, 'testnet.run')
}

function seatOf (plan: SeatPlan, index: number, linked: LinkedProcess | undefined, options: TestnetOptions, ended: (seat: Seat) => void): Seat {
  const { compute, bytesPerDay, configFile } = options
  const seat: Seat = new Seat(peerName(index), plan, {
    root: options.root,
    listen: linked?.listen ?? options.listen,
    environment: { ...options.environment, ...plan.leastStepMs === undefined ? {} : { [PACE_VARIABLE]: String(plan.leastStepMs) }, ...linked?.environment },
    launcher: linked?.launcher ?? [],
    joinArguments: [
      '--shard', String(index % (options.shards ?? Infinity) + 1),
      '--backend', compute.backend,
      ...compute.threads === 0 ? [] : ['--threads', String(compute.threads)],
      '--throttle', String(plan.throttle),
      ...plan.lane === 'scalars' ? ['--lane', plan.lane] : [],
      '--evaluate-every', String(options.evaluateEveryRounds),
      ...plan.upload === '' ? [] : ['--upload', plan.upload],
      ...bytesPerDay === '' ? [] : ['--bytes-per-day', bytesPerDay],
      ...configFile === undefined ? [] : ['--config', configFile]
    ],
    onEvent: event => { options.onEvent(seat.name, event) },
    onExit: () => { ended(seat) }
  })
  return seat
}
