import { z } from 'zod'
import { duration, rate } from './quantities.ts'

/**
 * What a line is like. A peer's line carries `up` away from it and `down` to it, shared by all its transfers; a message from one peer to another crosses the
 * sender's line, the route between their groups where there is one, and the receiver's line: delays and jitters add up, the narrowest rate counts.
 */
export const linkSchema = z.strictObject({
  /** Bytes a second away from the peer, and on a route; no limit when left out. */
  up: rate.optional(),
  /** Bytes a second to the peer; no limit when left out. */
  down: rate.optional(),
  /** One way. */
  delay: duration.default(0),
  /** Up to so much more, each message for itself; none overtakes another of its stream. */
  jitter: duration.default(0),
  /** Share of packets that are lost; TCP sends them again, which costs time. */
  loss: z.number().min(0).max(0.5).default(0),
  /** A connection lasts so long on average before it is reset; for ever when left out. */
  reset: duration.optional(),
  /** So long passes on average between two times at which the line carries nothing, while connections stay. */
  stall: duration.optional(),
  /** How long these last. */
  stallFor: duration.default(2000)
})

/** Rates are bytes a second, times milliseconds. */
export type LinkProfile = z.infer<typeof linkSchema>

/** Lines that every scenario knows by name, in the words of a scenario file: what they are sold as, and what they are like in use. */
const described: Readonly<Record<string, z.input<typeof linkSchema>>> = {
  /** Nothing takes time. */
  perfect: {},
  lan: { up: '1gbit', down: '1gbit', delay: '0.2ms', jitter: '0.1ms' },
  fibre: { up: '100mbit', down: '300mbit', delay: '4ms', jitter: '1ms' },
  cable: { up: '20mbit', down: '200mbit', delay: '10ms', jitter: '5ms', loss: 0.0005 },
  adsl: { up: '1mbit', down: '16mbit', delay: '15ms', jitter: '5ms', loss: 0.001 },
  /** LTE on the move: changing cells resets connections, tunnels stall them. */
  mobile: { up: '8mbit', down: '30mbit', delay: '30ms', jitter: '25ms', loss: 0.005, reset: '10m', stall: '1m', stallFor: '2s' },
  /** A geostationary hop; its packets are repaired on the way. */
  satellite: { up: '3mbit', down: '25mbit', delay: '280ms', jitter: '20ms', loss: 0.0001 },
  /** A route between groups rather than anybody's own line. */
  transatlantic: { delay: '40ms', jitter: '3ms', loss: 0.0002 }
}

export const knownLinks: Readonly<Record<string, LinkProfile>> =
  Object.fromEntries(Object.entries(described).map(([name, line]) => [name, linkSchema.parse(line)]))
