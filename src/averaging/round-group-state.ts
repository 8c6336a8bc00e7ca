import type { MethodSpec } from '../manifest/schema.ts'
import type { ExchangeMessage } from '../ports.ts'
import type { Part } from './frame.ts'
import type { FlightCore } from './round-state.ts'

/** Another member of a group, as this peer sees it. */
export interface Mate {
  readonly id: string
  /** `awaited` until the exchange with it has been offered and accepted. */
  readonly status: 'awaited' | 'here' | 'gone'
  /** Undefined until one is open. */
  readonly exchange: string | undefined
  /** When it came, in milliseconds after this peer. */
  readonly cameMs: number | undefined
  /** Not expected in time, by its own word: nobody waits for it. */
  readonly unlikely: boolean
  /** Fingerprint of the slow weights that it would share. */
  readonly basis: number | undefined
  /** Its contribution to the part that this peer reduces is verified. */
  readonly contributed: boolean
  /** Parts that it said it has; undefined before its commit. */
  readonly told: readonly number[] | undefined
  /** Parts that this peer has passed on to it. */
  readonly passed: readonly number[]
  /** Why it is gone. */
  readonly why: string
}

/** Who takes part in a group's round, and who reduces what. */
export interface GroupPlan {
  /** FNV-1a over members and shares: contributions and means of another plan are none of this one. */
  readonly id: number
  readonly members: readonly string[]
  readonly parts: readonly Part[]
}

/** A part whose mean is here. */
export interface Landed {
  readonly part: number
  /** Whose contributions are in it. */
  readonly members: readonly string[]
}

/** A round with several others, or on slow weights that everyone shares. */
export interface GroupFlight extends FlightCore {
  readonly kind: 'group'
  /** Fingerprint of the slow weights that this peer would share, once taken. */
  readonly basis: number | undefined
  readonly taken: boolean
  readonly uploadBytesPerSecond: number | undefined
  /** In order of id. */
  readonly mates: readonly Mate[]
  /** Until then others are awaited. */
  readonly patienceMs: number
  /** Members, this peer included, that are enough to begin and to reduce with. */
  readonly enough: number
  readonly plan: GroupPlan | undefined
  /** Authors of a plan that said nothing, and were waited for one after the other. */
  readonly dismissed: number
  /** Messages that came before the plan. */
  readonly early: ReadonlyArray<{ readonly exchange: string, readonly message: ExchangeMessage }>
  /** Whether this peer's own part is closed. */
  readonly reduced: boolean
  readonly landed: readonly Landed[]
  /** Whom this peer asked for slow weights, for its own went another way. */
  readonly asked: string | undefined
}

/** Whether a method's rounds are of groups, which a pair that shares slow weights is too. */
export function isGroupMethod ({ groupSize, shares }: MethodSpec): boolean {
  return groupSize !== 2 || shares === 'deltas'
}

export function mateAt (flight: GroupFlight, exchange: string): Mate | undefined {
  return flight.mates.find(mate => mate.exchange === exchange)
}

export function withMate (flight: GroupFlight, id: string, change: Partial<Mate>): GroupFlight {
  return { ...flight, mates: flight.mates.map(mate => mate.id === id ? { ...mate, ...change } : mate) }
}

export function matesHere ({ mates }: GroupFlight): readonly Mate[] {
  return mates.filter(({ status }) => status === 'here')
}

/** The others of the plan. */
export function plannedMates ({ mates, plan }: GroupFlight): readonly Mate[] {
  return mates.filter(({ id }) => plan?.members.includes(id) === true)
}

/** The part that a member reduces; undefined where it reduces none. */
export function partOf (plan: GroupPlan | undefined, owner: string): number | undefined {
  const part = plan?.parts.findIndex(candidate => candidate.owner === owner) ?? -1
  return part < 0 ? undefined : part
}
