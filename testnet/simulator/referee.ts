import { ladderOf } from '../../src/averaging/ladder.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { GroupWatcher } from './group-watcher.ts'
import type { Referee } from './referee-port.ts'
import { Watcher } from './watcher.ts'

export type { Referee } from './referee-port.ts'

/**
 * The strictest referee that knows a method: pairs of whole replicas are worked out again to the last weight, of all others the promises are watched, and of
 * peers who may climb down a ladder of codecs too.
 */
export function refereeFor (method: MethodSpec, longestWaitMs: number, climbs: boolean): Referee {
  const { groupSize, fragments, overlapSteps, outer, shares = 'weights' } = method
  const isPlain = !(climbs && ladderOf(method).length > 1) && (groupSize === 1 || groupSize === 2) && fragments === 1 && overlapSteps === 0 && shares === 'weights'
  return isPlain && (outer.kind === 'noloco' || outer.kind === 'average') ? new Watcher(method, longestWaitMs) : new GroupWatcher(method, longestWaitMs)
}
