import { byCodeUnits, hashText } from '../averaging/pairing-hash.ts'
import { epochOf, neighbourhoodBits, neighbourhoodsOf } from './partial-view.ts'

/** Where a peer stands in a swarm of which it keeps a part. */
export interface Place {
  readonly self: string
  /** The next one that this peer is to take part in. */
  readonly round: number
  /** The run's. */
  readonly seed: number
  /** Peers in all, this one included, as far as it knows. */
  readonly swarmSize: number
  /** Members of a neighbourhood; those of matching when left out. */
  readonly largest?: number | undefined
}

export interface Acquaintance {
  /** Members that this peer is connected to. */
  readonly here: readonly string[]
  /** Others of the run that it has heard of. */
  readonly heard: readonly string[]
  /** Whether something is under way with a member, which stays then. */
  readonly isBusy: (peerId: string) => boolean
  /** Members that it may keep. */
  readonly room: number
}

export interface NeighbourChoice {
  /** Whom to dial, in this order. */
  readonly meet: readonly string[]
  /** Whom to take leave of. */
  readonly leave: readonly string[]
}

/** How soon a peer may meet another one: in the epoch of its next round, in the one after that, no more, or in none of them. */
const NOW = 0
const NEXT = 1
const PASSED = 2
const LATER = 3

/** Rounds for which neighbours of an epoch that is over stay: slower ones still look for theirs among the same, and whoever vanishes from some views only disturbs matching. */
const LINGERING_ROUNDS = 2

/**
 * The neighbours of a peer whose swarm is too large to be known whole: those who are near in the epoch of its next round, as matching draws them, and those of the epoch after that,
 * so that they are here when it begins. Those of the epoch before stay for a few rounds where those of this one leave room, others as long as there is any, and whoever takes part in something whatever comes.
 */
export function chooseNeighbours (place: Place, { here, heard, isBusy, room }: Acquaintance): NeighbourChoice {
  const soonness = soonnessFor(place)
  const order = orderOf(place.self)
  const known = new Set(here)
  const near = (when: number): string[] => heard.filter(id => id !== place.self && !known.has(id) && soonness(id) === when).sort(order)
  const staying = here.filter(id => soonness(id) <= NEXT || isBusy(id))
  const passed = here.filter(id => soonness(id) === PASSED && !isBusy(id)).sort(order)
  const strangers = here.filter(id => soonness(id) === LATER && !isBusy(id)).sort(order)
  const now = near(NOW).slice(0, Math.max(0, room - staying.length))
  const next = near(NEXT).slice(0, Math.max(0, room - staying.length - passed.length - now.length))
  const meet = [...now, ...next]
  return { meet, leave: [...strangers, ...passed].slice(0, Math.max(0, here.length + meet.length - room)) }
}

/** Whether two peers are near each other in the epoch of a round. */
export function areNear (one: string, other: string, { round, seed, swarmSize, largest }: Omit<Place, 'self'>): boolean {
  return isNearIn(epochOf(round), { seed, swarmSize, largest })(one, other)
}

type IsNear = (one: string, other: string) => boolean

function soonnessFor ({ self, round, ...swarm }: Place): (id: string) => number {
  const epoch = epochOf(round)
  const [now, next, before] = [epoch, epoch + 1, epochOf(Math.max(0, round - LINGERING_ROUNDS))].map(each => isNearIn(each, swarm)) as [IsNear, IsNear, IsNear]
  const known = new Map<string, number>()
  return id => {
    const soonness = known.get(id) ?? (now(self, id) ? NOW : next(self, id) ? NEXT : before(self, id) ? PASSED : LATER)
    known.set(id, soonness)
    return soonness
  }
}

function isNearIn (epoch: number, { seed, swarmSize, largest }: Pick<Place, 'seed' | 'swarmSize' | 'largest'>): IsNear {
  const placeOf = neighbourhoodsOf(epoch, seed, neighbourhoodBits(swarmSize, epoch, seed, largest))
  return (one, other) => placeOf(one) === placeOf(other)
}

/** Each peer's own: a large swarm must not besiege, or desert, the same few. */
function orderOf (self: string): (one: string, other: string) => number {
  const salt = hashText(self, 0)
  return (one, other) => hashText(one, salt) - hashText(other, salt) || byCodeUnits(one, other)
}
