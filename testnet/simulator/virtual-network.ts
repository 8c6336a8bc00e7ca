import type { ExchangeEvents, Exchange, Peers, PresentPeer, Progress } from '../../src/ports.ts'
import { fraction } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { MachineClock } from './virtual-clock.ts'
import type { LinkConditions, LinkSurroundings, Machine } from './virtual-links.ts'
import { VirtualExchange } from './virtual-links.ts'

interface Member extends Machine {
  /** What this one knows of the others. */
  readonly view: Map<string, PresentPeer>
  /** `view` as an array; made again when it has changed. */
  listed: readonly PresentPeer[] | undefined
  readonly listeners: Set<() => void>
  /** What the others were last told. */
  told: Progress
}

/** A machine knows its uplink once it has sent something. */
const TELLING_BYTES = 1024

const SILENT: Progress = { round: 0, step: 0, training: false, loss: NaN, tokensPerSecond: 0 }

/** Machines and the links between them, in memory and in virtual time: the simulator's `Peers`. */
export class VirtualNetwork {
  readonly #clock: VirtualClock
  readonly #around: LinkSurroundings
  readonly #members = new Map<string, Member>()
  readonly #exchanges = new Set<VirtualExchange>()
  /** Which side of a partition each machine is on; all on one when there is none. */
  #sides = new Map<string, number>()

  constructor (clock: VirtualClock, random: Words, conditions: LinkConditions, mishap: (sentence: string) => void) {
    this.#clock = clock
    this.#around = { random, conditions, mishap, connected: (one, other) => this.#connected(one, other) }
  }

  /**
   * Adds a machine; everyone it can reach learns of it after the detection time.
   *
   * @param uploadBytesPerSecond of its own uplink, where it is not like the others'
   */
  join (id: string, uploadBytesPerSecond?: number): { readonly peers: Peers, readonly clock: MachineClock } {
    const clock = new MachineClock(this.#clock)
    const member: Member = { id, clock, accept: undefined, uplinkFreeMs: 0, uploadBytesPerSecond, sentBytes: 0, view: new Map(), listed: undefined, listeners: new Set(), told: SILENT }
    this.#members.set(id, member)
    this.#noticeLater()
    return { peers: this.#portOf(member), clock }
  }

  /** Splits the network: machines on different sides no longer reach each other. Sides not named stay together. */
  partition (sides: ReadonlyArray<readonly string[]>): void {
    this.#sides = new Map(sides.flatMap((side, index) => side.map(id => [id, index + 1])))
    this.#noticeLater()
  }

  /** From here on all links are like that; what is under way arrives as it was sent. */
  turn (conditions: LinkConditions): void {
    this.#around.conditions = conditions
  }

  heal (): void {
    this.#sides = new Map()
    this.#noticeLater()
  }

  crash (id: string): void {
    this.#members.get(id)?.clock.crash()
    this.#noticeLater()
  }

  /** Bytes that a machine has sent, headers included. */
  sentBytes (id: string): number { return this.#members.get(id)?.sentBytes ?? 0 }

  freeze (id: string): void { this.#members.get(id)?.clock.freeze() }
  thaw (id: string): void { this.#members.get(id)?.clock.thaw() }

  #connected (one: string, other: string): boolean {
    return this.#isUp(one) && this.#isUp(other) && (this.#sides.get(one) ?? 0) === (this.#sides.get(other) ?? 0)
  }

  #isUp (id: string): boolean {
    return this.#members.get(id)?.clock.crashed === false
  }

  #portOf (member: Member): Peers {
    return {
      self: member.id,
      present: () => member.listed ??= [...member.view.values()],
      openExchange: (partner, events) => this.#open(member, partner, events),
      onExchange: accept => { member.accept = accept },
      onChange: listener => {
        member.listeners.add(listener)
        return () => { member.listeners.delete(listener) }
      },
      announce: progress => { this.#announce(member, progress) },
      uploadBytesPerSecond: () => member.sentBytes < TELLING_BYTES ? undefined : member.uploadBytesPerSecond ?? this.#around.conditions.uploadBytesPerSecond
    }
  }

  #open (from: Member, partner: string, events: ExchangeEvents): Exchange {
    const to = this.#members.get(partner)
    if (to === undefined) throw new RangeError(`there is no machine ${partner}`)
    const exchange = new VirtualExchange(from, to, events, this.#around, () => { this.#exchanges.delete(exchange) })
    this.#exchanges.add(exchange)
    if (exchange.cut) this.#noticeLater()
    return exchange.openerEnd
  }

  #announce (from: Member, progress: Progress): void {
    const { random, conditions } = this.#around
    from.told = progress
    for (const to of this.#members.values()) {
      if (to === from || !from.view.has(to.id)) continue
      if (fraction(random) < conditions.lostAnnouncements) continue
      const delayMs = conditions.latencyMs + conditions.jitterMs * fraction(random)
      to.clock.schedule(delayMs, () => { if (this.#connected(from.id, to.id)) learn(to, from.id, progress) })
    }
  }

  /** Cut links and new members are noticed after a while. */
  #noticeLater (): void {
    this.#clock.schedule(this.#around.conditions.detectionMs, () => { this.#notice() })
  }

  #notice (): void {
    for (const member of this.#members.values()) {
      if (!member.clock.crashed) member.clock.schedule(0, () => { this.#lookAround(member) })
    }
    for (const exchange of [...this.#exchanges]) {
      if (exchange.cut) exchange.reset('the connection was lost')
    }
  }

  /** Who appears in a view or vanishes from it, as of now. A reconnection tells what the other said last. */
  #lookAround (member: Member): void {
    let changed = false
    for (const other of this.#members.values()) {
      if (other === member) continue
      const [here, known] = [this.#connected(member.id, other.id), member.view.has(other.id)]
      if (here === known) continue
      changed = true
      if (here) member.view.set(other.id, presentAs(other.id, { ...other.told, dueInMs: undefined }, member.clock.nowMs()))
      else member.view.delete(other.id)
    }
    if (changed) tellListeners(member)
  }
}

/** News that comes late does not undo later news. */
function learn (member: Member, peerId: string, progress: Progress): void {
  const known = member.view.get(peerId)
  if (known === undefined || progress.step < known.step || progress.round < known.round) return
  member.view.set(peerId, presentAs(peerId, progress, member.clock.nowMs()))
  tellListeners(member)
}

function presentAs (peerId: string, { round, step, training, dueInMs, uploadBytesPerSecond }: Progress, nowMs: number): PresentPeer {
  return { peerId, round, step, training, dueMs: dueInMs === undefined ? undefined : nowMs + dueInMs, uploadBytesPerSecond }
}

function tellListeners (member: Member): void {
  member.listed = undefined
  for (const listener of [...member.listeners]) listener()
}
