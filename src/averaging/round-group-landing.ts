import { shortId } from '../membership/short-id.ts'
import type { GroupFlight, Mate } from './round-group-state.ts'
import { plannedMates } from './round-group-state.ts'
import type { Ending } from './round-state.ts'

/** Names that a sentence bears. */
const NAMES_SHOWN = 4

/** Whether a part will not come from its owner any more. */
export function isHopeless (flight: GroupFlight, owner: string | undefined, self: string): boolean {
  if (owner === self) return flight.reduced
  return flight.mates.find(({ id }) => id === owner)?.status !== 'here'
}

/** Whether every member that is there has told, and this peer has whatever they have. */
export function hasEverything (flight: GroupFlight): boolean {
  const mates = plannedMates(flight).filter(({ status }) => status === 'here')
  const mine = new Set(flight.landed.map(({ part }) => part))
  return mates.every(({ told }) => told !== undefined && told.every(part => mine.has(part)))
}

/**
 * What this peer passes on: parts that it has and a mate said to lack, where it is the smallest id among those known to have them. The owner, who
 * has it too, could not reach that mate.
 */
export function forwardsOf (flight: GroupFlight, self: string): { readonly flight: GroupFlight, readonly forwards: ReadonlyArray<{ readonly exchange: string, readonly part: number }> } {
  const forwards: Array<{ exchange: string, part: number }> = []
  const holds = (mate: Mate, part: number): boolean => mate.told?.includes(part) === true && mate.status === 'here'
  const mates = flight.mates.map((mate): Mate => {
    const { id, told, exchange, passed } = mate
    if (told === undefined || exchange === undefined) return mate
    const due = flight.landed.map(({ part }) => part).filter(part => {
      const owner = flight.plan?.parts[part]?.owner
      const isLacking = !told.includes(part) && !passed.includes(part) && owner !== id
      return isLacking && !flight.mates.some(other => other.id < self && other.id !== owner && holds(other, part))
    })
    forwards.push(...due.map(part => ({ exchange, part })))
    return due.length === 0 ? mate : { ...mate, passed: [...passed, ...due] }
  })
  return { flight: { ...flight, mates }, forwards }
}

/** How the round ended: who is in every part that landed, and whether others may have more of it. */
export function outcomeOf (flight: GroupFlight): Ending {
  const { plan, landed } = flight
  const mates = plannedMates(flight)
  const size = flight.mates.length + 1
  const members = mates.map(({ id }) => id).filter(id => landed.length > 0 && landed.every(part => part.members.includes(id)))
  const anyone = mates.filter(({ id }) => landed.some(part => part.members.includes(id)))
  const inDoubt = mates.some(({ told }) => told === undefined || told.some(part => !landed.some(here => here.part === part)))
  const missing = (plan?.parts.length ?? 0) - landed.length
  const stays = missing > 0 ? `; ${missing} of ${plan?.parts.length ?? 0} parts stay as they were` : ''
  const doubt = inDoubt ? '; they may have more of it (in doubt)' : ''
  if (anyone.length === 0) return { averaged: false, members: [], reason: `solo: ${whyAlone(flight)}${doubt}`, inDoubt }
  return { averaged: true, members, reason: `averaged with ${namesOf(anyone.map(({ id }) => id))} (${anyone.length + 1} of ${size})${without(flight, anyone)}${stays}${doubt}`, inDoubt }
}

function whyAlone (flight: GroupFlight): string {
  if (flight.plan?.members.length === 1) return 'the shared weights of the others had gone another way'
  const gone = flight.mates.find(({ status }) => status === 'gone')
  return gone === undefined ? 'no part landed' : `no part landed: ${gone.why}`
}

/** Who of the group is missing, and why where it is known. */
function without (flight: GroupFlight, present: readonly Mate[]): string {
  const absent = flight.mates.filter(mate => !present.includes(mate))
  const [first] = absent
  if (first === undefined) return ''
  return absent.length === 1 ? `: ${first.why === '' ? `${shortId(first.id)} did not come` : first.why}` : `: without ${namesOf(absent.map(({ id }) => id))}`
}

function namesOf (ids: readonly string[]): string {
  const named = ids.slice(0, NAMES_SHOWN).map(shortId).join(', ')
  return ids.length > NAMES_SHOWN ? `${named} and ${ids.length - NAMES_SHOWN} others` : named
}
