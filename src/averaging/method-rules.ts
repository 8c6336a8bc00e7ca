import { isReferenced } from '../compression/referenced-codec.ts'
import { ShoalError } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import { contributionCodec } from './arithmetic/contribution-codec.ts'
import { sharesOf, sharesOfOuter, specsOf } from './arithmetic/method-traits.ts'
import { stagesOf } from './arithmetic/part-codec.ts'
import { FEWEST_FOR_ORDER } from '../trust/robust-rule.ts'
import { ladderMisfit } from './ladder.ts'
import { laneMisfit } from '../spsa/lanes/lane-rules.ts'

/** A sentence that says which rule a method breaks; undefined where it keeps it. */
type Rule = (method: MethodSpec) => string | undefined

/** Below, what a quantizer loses of a weight is a third of its size, and comes back with every round. */
const LEAST_BITS_OF_WEIGHTS = 2

/** Rules between axes, each with its reason. */
const rules: readonly Rule[] = [
  sharesFitOuter, gradientsGoEveryStep, referencesAreShared, feedbackHasReceivers, correctionHasFeedback,
  fragmentsHaveSteps, flightsEnd, mixingMixes, latenessIsBearable, groupsCanForm, robustFits, codecFits, ladderMisfit, laneMisfit
]

/**
 * Refuses a method whose axes contradict each other.
 *
 * @throws ShoalError METHOD_CONTRADICTORY with the rule in the sentence
 */
export function checkAxes (method: MethodSpec): void {
  for (const rule of rules) {
    const why = rule(method)
    if (why !== undefined) throw contradictory(why)
  }
}

function sharesFitOuter (method: MethodSpec): string | undefined {
  const possible = sharesOfOuter[method.outer.kind]
  if (possible.includes(sharesOf(method))) return undefined
  return `the outer optimizer ${method.outer.kind} works on ${possible.join(' or ')}, and the method shares ${sharesOf(method)}`
}

function gradientsGoEveryStep (method: MethodSpec): string | undefined {
  if (sharesOf(method) !== 'gradients') return undefined
  if (method.everySteps !== 1 || method.fragments !== 1) return `gradients are those of one step of all weights: everySteps and fragments are 1, not ${method.everySteps} and ${method.fragments}`
  return method.groupSize === 'all' || method.groupSize === 1 ? undefined : 'with gradients alone nothing draws weights together: the group must be all'
}

function referencesAreShared (method: MethodSpec): string | undefined {
  if (sharesOf(method) !== 'deltas' || method.groupSize === 1) return undefined
  if (method.groupSize !== 'all') return `deltas mean the same only to those who share slow weights, and members of groups of ${method.groupSize} soon share none: the group must be all, or share weights`
  return method.participants === undefined ? undefined : 'who is not drawn to take part misses a mean, and with it the slow weights that deltas are measured against'
}

function feedbackHasReceivers (method: MethodSpec): string | undefined {
  if (method.errorFeedback === undefined) return undefined
  if (sharesOf(method) === 'weights') return 'error feedback sends later what it holds back now, to receivers who share a reference; partners who send each other weights share none, and the mean-exact form does the work'
  if ([method.codec, ...method.ladder ?? []].every(spec => contributionCodec(spec, [[2, 2]]).lossless)) return `error feedback has nothing to keep: ${method.codec} loses nothing`
  return undefined
}

function correctionHasFeedback (method: MethodSpec): string | undefined {
  if (method.momentumCorrection === undefined) return undefined
  return sharesOf(method) === 'gradients' && method.errorFeedback !== undefined ? undefined : 'momentum correction corrects what error feedback holds back of gradients: it needs both'
}

function fragmentsHaveSteps ({ fragments, everySteps }: MethodSpec): string | undefined {
  return fragments <= everySteps ? undefined : `${fragments} fragments cannot be synced in ${everySteps} steps, one at a time`
}

function flightsEnd ({ fragments, everySteps, overlapSteps, outer }: MethodSpec): string | undefined {
  if (outer.kind === 'co2') {
    return fragments === 1 && overlapSteps === everySteps ? undefined : `co2 flies for exactly one round: fragments is 1 and overlapSteps is everySteps, ${everySteps}`
  }
  if (overlapSteps === 0 || overlapSteps * fragments < everySteps) return undefined
  return `a fragment must land before the next is sent: τ < H/F, and overlapSteps ${overlapSteps} is not below ${everySteps}/${fragments}`
}

function mixingMixes (method: MethodSpec): string | undefined {
  const { mixing, outer } = method
  if (mixing === undefined || mixing === 0) return undefined
  if (mixing === 1) return 'a mixing of 1 never lets an average into the weights: α < 1'
  return sharesOf(method) === 'gradients' || outer.kind === 'co2' ? `${outer.kind} has no fast weights to mix slow ones into` : undefined
}

function latenessIsBearable (method: MethodSpec): string | undefined {
  if (method.late !== 'age' || sharesOf(method) === 'weights') return undefined
  return 'a mean of deltas or gradients that one member counts less than another takes them apart: late must be drop'
}

function groupsCanForm ({ groupSize, quorum, pairing, participants }: MethodSpec): string | undefined {
  if (quorum !== undefined && groupSize !== 'all' && quorum > groupSize) return `a quorum of ${quorum} is never reached in groups of ${groupSize}`
  if (pairing === 'hypercube' && groupSize !== 2) return `a hypercube has pairs along its edges: groupSize is 2, not ${groupSize}`
  if (participants === 1 && groupSize !== 1) return 'of one participant a round nobody meets anybody: participants is 2 or more'
  if (quorum !== undefined && participants !== undefined && quorum > participants) return `a quorum of ${quorum} is never reached among ${participants} participants`
  if (participants !== undefined && groupSize !== 'all' && participants < groupSize) return `${participants} participants do not fill a group of ${groupSize}`
  return undefined
}

function robustFits ({ robust = 'mean', groupSize, codec, errorFeedback }: MethodSpec): string | undefined {
  if (robust === 'mean') return undefined
  if (groupSize === 1) return `${robust} has nothing to choose from: who trains alone hears nobody`
  if (groupSize === 2 && robust !== 'centered-clip') return `${robust} tells a liar by the others, and a pair has none: groupSize is ${FEWEST_FOR_ORDER} or more, or robust is centered-clip`
  const isSparse = stagesOf(codec).some(({ name }) => name === 'topk')
  if (isSparse && (robust === 'median' || robust === 'trimmed-mean')) return `where each member sends other entries, most contributions to an entry are zero, and so is their ${robust}: use centered-clip or flag`
  return errorFeedback !== undefined && robust === 'median' ? 'error feedback sends what was held back, and a median never lets it through: use centered-clip, trimmed-mean or flag' : undefined
}

function codecFits (method: MethodSpec): string | undefined {
  if (method.groupSize === 1) return undefined
  return [...specsOf(method), ...method.ladder ?? []].map(spec => codecMisfit(spec, method)).find(why => why !== undefined)
}

function codecMisfit (spec: string, method: MethodSpec): string | undefined {
  const stages = stagesOf(spec)
  const has = (name: string): boolean => stages.some(stage => stage.name === name)
  const estimates = Number(stages.find(({ name }) => name === 'sketch')?.arguments[2] ?? 0)
  const isPlain = stages.some(stage => stage.name === 'randk' && stage.arguments.includes('plain'))
  if (isReferenced(spec) && (method.groupSize !== 2 || sharesOf(method) !== 'weights')) return 'modulo says where a weight lies among those near the receiver\'s own, so it is for two who send each other their weights: groupSize is 2 and shares is weights'
  if (has('topk') && sharesOf(method) === 'weights') return 'of weights, what one member\'s top-k leaves out another\'s would read as zero: topk needs deltas or gradients'
  if (estimates > 0 && sharesOf(method) === 'weights') return 'of weights, what one member\'s sketch does not show another\'s would read as zero: use sketch(rows, columns), or deltas or gradients'
  if (has('randk') && !isPlain && sharesOf(method) === 'weights') return 'randk multiplies what it keeps, and weights that are averaged in place must stay as they are: use randk(…, plain)'
  if (has('randk') && !isPlain && method.errorFeedback !== undefined) return 'randk multiplies what it keeps, so error feedback would take away more than there was: use randk(…, plain)'
  const least = Number(stages.find(({ name }) => name === 'allocate')?.arguments[1] ?? 0)
  if (has('allocate') && sharesOf(method) === 'weights' && least < LEAST_BITS_OF_WEIGHTS) return `of weights, tensors that one member gives no bits another's would read as zeros: use allocate(…, ${LEAST_BITS_OF_WEIGHTS})`
  if (has('lowrank') && method.groupSize !== 2) return 'lowrank needs whole matrices, and larger groups cut fragments into parts: use it in pairs'
  return undefined
}

function contradictory (why: string): ShoalError {
  return new ShoalError({
    code: 'METHOD_CONTRADICTORY',
    what: 'The method contradicts itself',
    why,
    tryThis: 'Start from a preset and change one axis at a time; docs/methods.md has the rules.'
  })
}
