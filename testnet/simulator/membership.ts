import type { PresentPeer, Progress } from '../../src/ports.ts'
import { epochOf } from '../../src/membership/partial-view.ts'
import type { Announcer } from './announcer.ts'
import { Neighbourhoods } from './neighbourhoods.ts'
import { presentAs, tellListeners } from './view.ts'
import type { Member, NearMembers } from './view.ts'
import type { VirtualClock } from './virtual-clock.ts'
import type { LinkSurroundings } from './virtual-links.ts'

/** What machines know of each other, and how they hear of it. */
export interface Membership {
  /** What a machine takes the swarm's size for; undefined where it counts those whom it knows. */
  readonly swarmSizeOf: ((member: Member) => number) | undefined
  present (member: Member): readonly PresentPeer[]
  announce (member: Member, progress: Progress): void
  /** Who appears or vanishes, as of now. */
  lookAround (member: Member): void
}

export interface MembershipOptions {
  readonly clock: VirtualClock
  readonly around: LinkSurroundings
  readonly members: ReadonlyMap<string, Member>
  readonly announcer: Announcer
}

/** Everybody knows everyone within reach; each hears in its own time. */
export function wholeMembership ({ around: { connected }, members, announcer }: MembershipOptions): Membership {
  return {
    swarmSizeOf: undefined,
    present: member => member.listed ??= [...member.view.values()],
    announce: (member, progress) => { announcer.announce(member, progress, members.values()) },
    /** A reconnection tells what the other said last. */
    lookAround (member) {
      const seen = new Map<string, PresentPeer>()
      let changed = false
      for (const other of members.values()) {
        if (other === member || !connected(member.id, other.id)) continue
        const known = member.view.get(other.id)
        changed ||= known === undefined
        seen.set(other.id, known ?? presentAs(other.id, { ...other.told, dueInMs: undefined }, member.clock.nowMs()))
      }
      if (!changed && seen.size === member.view.size) return
      member.view = seen
      tellListeners(member)
    }
  }
}

/** Whoever waits for news hears it with what else has come in the meantime. */
const HEARD_EVERY_MS = 50

/**
 * For large swarms on lines that are alike: machines know their neighbourhoods alone, and an announcement reaches all who know its sender at one moment. What has reached
 * them is written down once and read by whoever looks.
 */
export function partialMembership ({ clock, around, members, announcer }: MembershipOptions, seed: number): Membership {
  const neighbourhoods = new Neighbourhoods(members, seed)
  const tellSoon = tellingSoon(clock, members)
  // By place: everybody looks at a hundred others every round, and to ask each machine would miss the processor's caches as often.
  const heard: Array<PresentPeer | undefined> = []
  const nearOf = (member: Member): NearMembers => {
    const epoch = epochOf(member.told.round + 1)
    const { size } = members
    if (member.near?.epoch === epoch && member.near.size === size) return member.near
    const near = neighbourhoods.near(member, member.told.round)
    return member.near = { epoch, size, members: near, places: near.map(({ place }) => place) }
  }
  return {
    swarmSizeOf: () => members.size,
    present (member) {
      const { members: others, places } = nearOf(member)
      const isWhole = around.isWhole()
      const isVisible = ({ id, clock: { crashed } }: Member): boolean => !crashed && around.sameSide(member.id, id)
      const present: PresentPeer[] = []
      for (let index = 0; index < places.length; index++) {
        const told = heard[places[index] as number]
        if (told !== undefined && (isWhole || isVisible(others[index] as Member))) present.push(told)
      }
      return present
    },
    announce (member, progress) {
      const read = announcer.publish(member, progress, nearOf(member).places.length)
      clock.schedule(around.conditions.latencyMs, () => {
        const told = member.clock.crashed ? undefined : read()
        if (told === undefined) return
        heard[member.place] = presentAs(member.id, told, clock.nowMs(), heard[member.place])
        tellSoon()
      })
    },
    lookAround (member) {
      heard[member.place] ??= presentAs(member.id, member.told, clock.nowMs())
      tellSoon()
    }
  }
}

/** Tells everybody that something was heard, once for all that is heard in a while. */
function tellingSoon (clock: VirtualClock, members: ReadonlyMap<string, Member>): () => void {
  let isTelling = false
  return () => {
    if (isTelling) return
    isTelling = true
    clock.schedule(HEARD_EVERY_MS, () => {
      isTelling = false
      for (const member of members.values()) if (member.clock.isPlain) tellListeners(member)
    })
  }
}
