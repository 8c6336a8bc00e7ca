import { fraction } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import type { Path } from './path.ts'

/** What TCP puts into one packet of an Ethernet. */
export const SEGMENT_BYTES = 1448

/**
 * How long bytes that have left are under way. A stream hides loss from whoever reads it: a lost segment comes one round trip later,
 * when it has been sent again, and all behind it wait. What congestion control makes of loss is not modelled.
 *
 * @param backMs delay of the opposite direction, over which the loss is noticed
 */
export function flightMs (bytes: number, { delayMs, jitterMs, loss }: Pick<Path, 'delayMs' | 'jitterMs' | 'loss'>, backMs: number, random: Words): number {
  return delayMs + (jitterMs === 0 ? 0 : jitterMs * fraction(random)) + retransmissions(bytes, loss, random) * (delayMs + backMs)
}

/** How often in a row something of these bytes is lost. */
function retransmissions (bytes: number, loss: number, random: Words): number {
  if (loss === 0) return 0
  let times = 0
  for (let lost = 1 - (1 - loss) ** Math.ceil(bytes / SEGMENT_BYTES); fraction(random) < lost; lost = loss) times++
  return times
}
