import type { ExchangeEvents, Exchange, Peers } from '../../src/ports.ts'
import type { Words } from '../../src/random/words.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { Announcer } from './announcer.ts'
import { connectedMembership } from './connected-membership.ts'
import type { AnnouncementSigner } from './announcer.ts'
import { partialMembership, wholeMembership } from './membership.ts'
import type { Membership, MembershipOptions } from './membership.ts'
import type { PartialViews } from './simulation-scenario.ts'
import { SILENT } from './view.ts'
import type { Member } from './view.ts'
import type { VirtualClock } from './virtual-clock.ts'
import { MachineClock } from './virtual-clock.ts'
import { arrivalOf, VirtualLine } from './virtual-lines.ts'
import type { LinkConditions, LinkSurroundings } from './virtual-links.ts'
import { VirtualExchange } from './virtual-links.ts'

/** A machine knows its uplink once it has sent something. */
const TELLING_BYTES = 1024

/** Pieces of what is carried beside the exchanges. */
const CARRIED_AT_ONCE = 65_536

export interface NetworkOptions {
  readonly conditions: LinkConditions
  /** Told of everything that went wrong, for the event log. */
  readonly mishap: (sentence: string) => void
  readonly routeOf?: LinkSurroundings['routeOf'] | undefined
  readonly payloadScale?: number | undefined
  /** Machines know a part of the swarm alone, drawn by this seed; everyone when left out. */
  readonly partialViews?: { readonly seed: number, readonly kind: PartialViews } | undefined
  readonly signer?: AnnouncementSigner | undefined
}

/** Machines and the links between them, in memory and in virtual time: the simulator's `Peers`. */
export class VirtualNetwork {
  readonly #clock: VirtualClock
  readonly #around: LinkSurroundings
  readonly #random: Words
  readonly #members = new Map<string, Member>()
  readonly #exchanges = new Set<VirtualExchange>()
  readonly #announcer: Announcer
  readonly #membership: Membership
  #isNoticing = false
  #hasCrashed = false
  #joined = 0
  /** Which side of a partition each machine is on; all on one when there is none. */
  #sides = new Map<string, number>()

  constructor (clock: VirtualClock, random: Words, { conditions, mishap, routeOf = () => undefined, payloadScale = 1, partialViews, signer }: NetworkOptions) {
    const connected = (one: string, other: string): boolean => this.#connected(one, other)
    this.#clock = clock
    this.#random = random
    const sameSide = (one: string, other: string): boolean => this.#sides.size === 0 || (this.#sides.get(one) ?? 0) === (this.#sides.get(other) ?? 0)
    this.#around = { random, conditions, mishap, connected, isWhole: () => !this.#hasCrashed && this.#sides.size === 0, sameSide, routeOf, payloadScale }
    this.#announcer = new Announcer(this.#around, signer)
    const options = { clock, around: this.#around, members: this.#members, announcer: this.#announcer }
    this.#membership = this.#membershipOf(options, partialViews)
  }

  /** Exchanges that are open. */
  get openExchanges (): number {
    return this.#exchanges.size
  }

  /**
   * Adds a machine, or starts one anew that crashed; everyone it can reach learns of it after the time that a meeting takes.
   *
   * @param line its own, where it is not like the others'
   */
  join (id: string, line?: LinkProfile): { readonly peers: Peers, readonly clock: MachineClock } {
    const clock = new MachineClock(this.#clock)
    const before = this.#members.get(id)
    const member: Member = {
      id, clock, accept: undefined, hasOwnLine: line !== undefined, line: before?.line ?? new VirtualLine(line ?? this.#commonLine(), this.#clock, this.#random),
      sentBytes: before?.sentBytes ?? 0, view: new Map(), listed: undefined, listeners: new Set(), told: SILENT, heard: undefined, place: this.#joined++
    }
    this.#members.set(id, member)
    this.#meetLater()
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
    for (const { hasOwnLine, line } of this.#members.values()) if (!hasOwnLine) line.become(this.#commonLine())
  }

  heal (): void {
    this.#sides = new Map()
    this.#meetLater()
  }

  crash (id: string): void {
    this.#down(id)
    this.#noticeLater()
  }

  /** As a crash of which the others hear at once: the system closes the connections of a process that was killed. */
  kill (id: string): void {
    this.#down(id)
    this.reset(id)
    this.#clock.schedule(this.#around.conditions.latencyMs, () => { this.#notice() })
  }

  /** All connections of a machine end. */
  reset (id: string): void {
    for (const exchange of [...this.#exchanges]) if (exchange.isOf(id)) exchange.reset('the connection was reset')
  }

  /** Carries bytes beside the exchanges, piece by piece so that these get their share of the line; tells whether all have arrived. */
  carry (from: string, to: string, bytes: number, done: (arrived: boolean) => void): void {
    const [sender, receiver] = [this.#members.get(from), this.#members.get(to)]
    if (sender === undefined || receiver === undefined || !this.#connected(from, to)) { this.#clock.schedule(this.#around.conditions.latencyMs, () => { done(false) }); return }
    const piece = Math.min(bytes, CARRIED_AT_ONCE)
    const arrivalMs = arrivalOf({ from: sender.line, to: receiver.line, route: this.#around.routeOf(from, to), bytes: piece, nowMs: this.#clock.nowMs(), random: this.#random })
    sender.sentBytes += piece
    const more = bytes - piece
    const nextMs = more > 0 ? sender.line.uplinkFreeMs : arrivalMs + this.#around.conditions.latencyMs
    this.#clock.schedule(nextMs - this.#clock.nowMs(), () => {
      if (more > 0) this.carry(from, to, more, done)
      else done(this.#connected(from, to))
    })
  }

  /** Bytes that a machine has sent, headers included. */
  sentBytes (id: string): number { return this.#members.get(id)?.sentBytes ?? 0 }
  /** Bytes of announcements that a machine has sent. */
  announcedBytes (id: string): number { return this.#announcer.bytesOf(id) }
  lineOf (id: string): VirtualLine | undefined { return this.#members.get(id)?.line }

  freeze (id: string): void { this.#members.get(id)?.clock.freeze() }
  thaw (id: string): void { this.#members.get(id)?.clock.thaw() }

  #commonLine (): LinkProfile {
    return { up: this.#around.conditions.uploadBytesPerSecond, delay: 0, jitter: 0, loss: 0, stallFor: 0 }
  }

  #connected (one: string, other: string): boolean {
    return this.#isUp(one) && this.#isUp(other) && this.#around.sameSide(one, other)
  }

  #down (id: string): void {
    this.#hasCrashed = true
    this.#members.get(id)?.clock.crash()
  }

  #isUp (id: string): boolean {
    return this.#members.get(id)?.clock.crashed === false
  }

  #membershipOf (options: MembershipOptions, partialViews: NetworkOptions['partialViews']): Membership {
    if (partialViews === undefined) return wholeMembership(options)
    const { seed, kind } = partialViews
    if (kind === 'told') return partialMembership(options, seed)
    return connectedMembership({ ...options, seed, turns: kind === 'turning', isMeeting: (one, other) => this.#isMeeting(one, other) })
  }

  #isMeeting (one: string, other: string): boolean {
    for (const exchange of this.#exchanges) if (exchange.isOf(one) && exchange.isOf(other)) return true
    return false
  }

  #portOf (member: Member): Peers {
    const membership = this.#membership
    return {
      self: member.id,
      present: () => membership.present(member),
      ...membership.swarmSizeOf === undefined ? {} : { swarmSize: () => membership.swarmSizeOf?.(member) ?? 0 },
      openExchange: (partner, events) => this.#open(member, partner, events),
      onExchange: accept => { member.accept = accept },
      onChange: listener => {
        member.listeners.add(listener)
        return () => { member.listeners.delete(listener) }
      },
      announce: progress => {
        member.told = progress
        membership.announce(member, progress)
      },
      uploadBytesPerSecond: () => member.sentBytes < TELLING_BYTES ? undefined : member.line.profile.up
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

  /** Cut links are noticed after a while; what happens at the same moment is noticed together. */
  #noticeLater (): void {
    this.#clock.schedule(this.#around.conditions.detectionMs, () => { this.#notice() })
  }

  /** So are those within reach who are new. */
  #meetLater (): void {
    const { detectionMs, meetingMs = detectionMs } = this.#around.conditions
    this.#clock.schedule(meetingMs, () => { this.#notice() })
  }

  #notice (): void {
    if (this.#isNoticing) return
    this.#isNoticing = true
    this.#clock.schedule(0, () => {
      this.#isNoticing = false
      for (const member of this.#members.values()) {
        if (!member.clock.crashed) member.clock.reach(() => { this.#membership.lookAround(member) })
      }
      for (const exchange of [...this.#exchanges]) {
        if (exchange.cut) exchange.reset('the connection was lost')
      }
    })
  }
}
