import type { Ending, Flight, RoundEffect, RoundState, Transition } from './round-state.ts'
import { changed, exchangesOf } from './round-state.ts'

/** A failure shrinks the group to one, it never holds up training. */
export function endSolo (state: RoundState, flight: Flight, why: string, inDoubt = false): Transition {
  const reason = inDoubt ? `solo: ${why}; ${flight.kind === 'pair' ? 'it' : 'they'} may have averaged (in doubt)` : `solo: ${why}`
  return endFlight(state, flight, { averaged: false, members: [], reason, inDoubt }, why)
}

/** The round in flight has ended: hangs up with `farewell`. It is applied as soon as the trainer rests. */
export function endFlight (state: RoundState, flight: Flight, ending: Ending, farewell: string): Transition {
  const done = exchangesOf(flight).filter(exchange => !flight.askers.includes(exchange))
  return {
    state: changed(state, { flight: { ...flight, ending, deadlineMs: undefined } }),
    effects: done.map(exchange => ({ kind: 'close', exchange, reason: farewell }))
  }
}

/** Ends what the round in flight still has open. */
export function hangUpFlight ({ flight }: RoundState, reason: string): RoundEffect[] {
  if (flight === undefined) return []
  const open = flight.ending === undefined ? exchangesOf(flight) : flight.askers
  return open.map(exchange => ({ kind: 'close', exchange, reason }))
}
