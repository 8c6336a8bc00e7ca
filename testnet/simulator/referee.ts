import { ladderOf } from '../../src/averaging/ladder.ts'
import { createReferencedCodec, isReferenced } from '../../src/compression/referenced-codec.ts'
import { GroupWatcher } from './group-watcher.ts'
import type { Referee } from './referee-port.ts'
import { liarsOf, nameOf } from './simulation-scenario.ts'
import type { Scenario } from './simulation-scenario.ts'
import { Watcher } from './watcher.ts'

export type { Referee } from './referee-port.ts'

/** What a restart or a liar does to the weights that others hold follows from more than one round's contributions. */
const UNRULY: ReadonlySet<string> = new Set(['join', 'lie'])
/** What a codec against the receiver's weights rounds to follows from past rounds. With so many bits a value it lies below what a referee overlooks; with fewer it cannot be worked out again. */
const FINE_BITS = 12
const TYPICAL_VALUES = 4096

/** Working every round of a larger swarm out again would take as long as the swarm itself. */
const MOST_WORKED_OUT = 500

/**
 * The strictest referee that knows a scenario: pairs of whole replicas whose rounding is known are worked out again to the last weight, of all others the promises are watched, and of
 * peers who may climb down a ladder of codecs, come back or lie too.
 */
export function refereeFor (scenario: Scenario): Referee {
  const { method, promises, faults, peers } = scenario
  const { groupSize, fragments, overlapSteps, outer, shares = 'weights', robust = 'mean' } = method
  const liars = liarsOf(scenario)
  const climbs = promises !== undefined && ladderOf(method).length > 1
  const isRuly = liars.size === 0 && !faults.some(({ kind }) => UNRULY.has(kind))
  const isPlain = isRuly && !climbs && peers <= MOST_WORKED_OUT && robust === 'mean' && (groupSize === 1 || groupSize === 2) && fragments === 1 && overlapSteps === 0 && shares === 'weights'
  return isPlain && roundsAsKnown(method.codec) && (outer.kind === 'noloco' || outer.kind === 'average')
    ? new Watcher(method, longestWaitMs(scenario), rememberedRounds(scenario))
    : new GroupWatcher(method, longestWaitMs(scenario), new Set([...liars].map(index => nameOf(scenario, index))), rememberedRounds(scenario))
}

function roundsAsKnown (spec: string): boolean {
  return !isReferenced(spec) || 8 * createReferencedCodec(spec).expectedBytes(TYPICAL_VALUES) / TYPICAL_VALUES > FINE_BITS
}

/** Members of a group commit within a few rounds of each other, except one that was frozen before the last message: it may be dozens of rounds late. */
function rememberedRounds ({ faults }: Scenario): number {
  return faults.length > 0 ? 64 : 8
}

/** Patience for the partner, then grace for the link, each found past when the work at hand is done; a machine that was frozen, or whose clock jumped, finds them long past. */
function longestWaitMs ({ method, faults, roundTaskMs = 0 }: Scenario): number {
  return faults.some(({ kind }) => kind === 'freeze' || kind === 'clockJump') ? Infinity : 2 * (method.graceMs + roundTaskMs) + 1
}
