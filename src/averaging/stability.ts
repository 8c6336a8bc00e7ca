import { createCodec } from '../compression/codec.ts'
import { ShoalError } from '../errors.ts'
import type { MethodSpec } from '../manifest/schema.ts'

/**
 * The step γ below which the spread between replicas contracts when random groups of g out of N average their slow
 * weights with momentum μ (algorithms.md, "Stability"):
 *
 *     γ < 2(1−μ²) / (1 − μ + 2μ (N−g) / (g(N−1)))
 *
 * The bound falls as N grows, so an unknown swarm size means its limit for N → ∞, where (N−g) / (N−1) → 1. One peer, or
 * a swarm that is a single group, has heavy ball's bound 2(1+μ).
 *
 * @param momentum μ in [0, 1]
 * @param groupSize g, at least 1
 * @param swarmSize N, if known
 */
export function stepBound (momentum: number, groupSize: number, swarmSize?: number): number {
  return 2 * (1 - momentum ** 2) / (1 - momentum + 2 * momentum * mixingShortfall(groupSize, swarmSize))
}

/** (N−g) / (g(N−1)): 0 when a round averages everyone, 1/g in an endless swarm. */
function mixingShortfall (groupSize: number, swarmSize: number | undefined): number {
  if (groupSize === 1) return 0
  if (swarmSize === undefined) return 1 / groupSize
  return swarmSize <= groupSize ? 0 : (swarmSize - groupSize) / (groupSize * (swarmSize - 1))
}

/** Groups larger than a pair need a round machine for several partners, which this version does not have. */
const LARGEST_GROUP = 2

/**
 * Refuses a method that would drive replicas apart, or that this version cannot run.
 *
 * @param swarmSize peers in the swarm; without it the method must be stable in a swarm of any size
 * @throws ShoalError METHOD_UNSTABLE with the rule and the numbers, METHOD_UNSUPPORTED, CODEC_SPEC
 */
export function checkMethod (method: MethodSpec, swarmSize?: number): void {
  createCodec(method.codec)
  const { groupSize } = method
  if (groupSize === 'all' || groupSize > LARGEST_GROUP) throw unsupported(`groups of ${groupSize}`)
  if (method.fragments > 1 || method.overlapSteps > 0) throw unsupported('fragments and overlap')
  if (method.outer.kind !== 'noloco' && method.outer.kind !== 'average') throw unsupported(`the outer optimizer ${method.outer.kind}`)
  if (method.outer.kind === 'average') return
  const { learningRate, momentum } = method.outer
  const bound = stepBound(momentum, groupSize, swarmSize)
  if (!(learningRate < bound)) throw unstable(groupSize, learningRate, momentum, bound, swarmSize)
}

function unstable (groupSize: number, learningRate: number, momentum: number, bound: number, swarmSize: number | undefined): ShoalError {
  const where = swarmSize === undefined ? 'a swarm of any size' : `a swarm of ${swarmSize}`
  const limit = bound > 0 ? `below ${shown(bound)}` : 'impossible: momentum must be below 1'
  return new ShoalError({
    code: 'METHOD_UNSTABLE',
    what: `With an outer learning rate of ${shown(learningRate)} and momentum ${shown(momentum)} the replicas would drift apart`,
    why: `groups of ${groupSize} in ${where} contract only if γ < 2(1−μ²) / (1−μ + 2μ(N−g)/(g(N−1))), which is ${limit}`,
    tryThis: 'Lower the outer learning rate or the momentum; the noloco preset has 0.7 and 0.5.'
  })
}

function unsupported (what: string): ShoalError {
  return new ShoalError({
    code: 'METHOD_UNSUPPORTED',
    what: `The method asks for ${what}`,
    why: 'this version averages whole replicas in pairs (groupSize 2) or trains alone (groupSize 1)',
    tryThis: 'Use --method noloco.'
  })
}

/** Three decimals at most, rounded down so that a shown bound is never larger than the true one. */
function shown (value: number): string {
  return String(Math.floor(value * 1000 + 1e-9) / 1000)
}
