import { hashText } from '../../src/averaging/pairing-hash.ts'
import type { PresentPeer } from '../../src/ports.ts'
import { DIALLED_MEMBERS, KEPT_MEMBERS, MAXIMUM_MEMBERS, TURNING_CHECK_MS } from '../../node/network/constants.ts'
import { NeighbourTurns } from '../../node/network/neighbour-turns.ts'
import type { Membership, MembershipOptions } from './membership.ts'
import { presentAs, tellListeners } from './view.ts'
import type { Member } from './view.ts'

/** Opening a connection and saying hello. */
const ROUND_TRIPS = 5
const COUNT_SALT = 0x636f756e

export interface ConnectedOptions extends MembershipOptions {
  readonly seed: number
  /** Whether neighbours follow the partial views, or stay those whom a machine met first. */
  readonly turns: boolean
  /** Whether an exchange between two machines is under way. */
  readonly isMeeting: (one: string, other: string) => boolean
}

/** For large swarms whose machines know those alone to whom they are connected, and choose them by the rules of real peers. Everybody hears of everyone. */
export function connectedMembership (options: ConnectedOptions): Membership {
  const swarm = new ConnectedSwarm(options)
  return {
    swarmSizeOf: options.turns ? member => swarm.countOf(member) : undefined,
    present: member => swarm.present(member),
    announce (member, progress) {
      const read = options.announcer.publish(member, progress, swarm.neighboursOf(member).size)
      options.clock.schedule(options.around.conditions.latencyMs, () => {
        const told = member.clock.crashed ? undefined : read()
        if (told === undefined) return
        member.heard = presentAs(member.id, told, options.clock.nowMs(), member.heard)
        for (const other of swarm.neighboursOf(member)) tellListeners(other)
      })
      if (options.turns) swarm.goOn(member)
    },
    lookAround (member) {
      member.heard ??= presentAs(member.id, member.told, options.clock.nowMs())
      swarm.begin(member)
    }
  }
}

class ConnectedSwarm {
  readonly #options: ConnectedOptions
  readonly #neighbours = new Map<Member, Set<Member>>()
  readonly #turns = new Map<Member, NeighbourTurns>()
  readonly #turnedAt = new Map<Member, number>()
  /** Machines that look again soon, since they want somebody. */
  readonly #waiting = new Set<Member>()

  constructor (options: ConnectedOptions) { this.#options = options }

  neighboursOf (member: Member): ReadonlySet<Member> { return this.#keptBy(member) }

  /** What a machine takes the swarm's size for: one more or less than it is, or right. */
  countOf ({ id }: Member): number { return this.#options.members.size - 1 + hashText(id, COUNT_SALT) % 3 }

  present (member: Member): readonly PresentPeer[] {
    const { around } = this.#options
    return [...this.#keptBy(member)].flatMap(other => other.heard !== undefined && !other.clock.crashed && around.sameSide(member.id, other.id) ? [other.heard] : [])
  }

  /** A machine has come: it meets as many as a real one dials whoever they are. */
  begin (member: Member): void {
    if (this.#keptBy(member).size > 0) return
    const { members } = this.#options
    const salt = hashText(member.id, this.#options.seed)
    const others = [...members.values()].filter(other => other !== member).sort((one, other) => hashText(one.id, salt) - hashText(other.id, salt))
    for (const other of others) if (this.#keptBy(member).size < DIALLED_MEMBERS) this.#connect(member, other, DIALLED_MEMBERS)
  }

  /** Turns once a round. */
  goOn (member: Member): void {
    if (this.#turnedAt.get(member) === member.told.round) return
    this.#turnedAt.set(member, member.told.round)
    this.#turn(member)
  }

  #turn (member: Member): void {
    const { clock, members, seed, isMeeting } = this.#options
    const isWanting = this.#turnsOf(member).turn(
      { self: member.id, round: member.told.round + 1, seed, swarmSize: this.countOf(member) },
      { here: [...this.#keptBy(member)].map(({ id }) => id), heard: [...members.keys()], isBusy: id => isMeeting(member.id, id), room: KEPT_MEMBERS }, clock.nowMs()
    )
    if (isWanting && !this.#waiting.has(member)) this.#lookAgain(member)
  }

  #turnsOf (member: Member): NeighbourTurns {
    const { clock, members, around } = this.#options
    const turns = this.#turns.get(member) ?? new NeighbourTurns({
      leave: id => { this.#disconnect(member, members.get(id)) },
      dial: id => {
        clock.schedule(ROUND_TRIPS * 2 * around.conditions.latencyMs, () => { this.#connect(member, members.get(id), MAXIMUM_MEMBERS) })
        return true
      }
    })
    this.#turns.set(member, turns)
    return turns
  }

  #lookAgain (member: Member): void {
    this.#waiting.add(member)
    this.#options.clock.schedule(TURNING_CHECK_MS, () => {
      this.#waiting.delete(member)
      if (!member.clock.crashed) this.#turn(member)
    })
  }

  #connect (one: Member, other: Member | undefined, room: number): void {
    if (other === undefined || !this.#options.around.connected(one.id, other.id) || this.#keptBy(other).size >= room) return
    this.#keptBy(one).add(other)
    this.#keptBy(other).add(one)
    tellListeners(one)
    tellListeners(other)
  }

  #disconnect (one: Member, other: Member | undefined): void {
    if (other === undefined) return
    this.#keptBy(one).delete(other)
    this.#keptBy(other).delete(one)
  }

  #keptBy (member: Member): Set<Member> {
    const kept = this.#neighbours.get(member) ?? new Set()
    this.#neighbours.set(member, kept)
    return kept
  }
}
