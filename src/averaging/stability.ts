import { ShoalError } from '../errors.ts'
import type { MethodSpec, OuterSpec } from '../manifest/schema.ts'
import { contributionCodec } from './arithmetic/contribution-codec.ts'
import { specsOf } from './arithmetic/method-traits.ts'
import { growthOf, nesterovBound, staleBound, stepBound } from './arithmetic/step-bound.ts'
import { checkAxes } from './method-rules.ts'
import { presets } from './presets.ts'

export { stepBound } from './arithmetic/step-bound.ts'

/** Any shape will do to read a spec; matrix stages want one. */
const SOME_SHAPES = [[2, 2]]

/**
 * Refuses a method whose axes contradict each other, or that would drive replicas apart.
 *
 * @param swarmSize peers in the swarm; without it the method must be stable in a swarm of any size
 * @throws ShoalError CODEC_SPEC, METHOD_CONTRADICTORY and METHOD_UNSTABLE, each with the rule in the sentence
 */
export function checkMethod (method: MethodSpec, swarmSize?: number): void {
  for (const spec of [...specsOf(method), ...method.ladder ?? []]) contributionCodec(spec, SOME_SHAPES)
  checkAxes(method)
  checkStability(method, swarmSize)
}

/**
 * Refuses outer steps that would drive replicas apart or overshoot ever further.
 *
 * @param swarmSize peers in the swarm; without it the method must be stable in a swarm of any size
 * @throws ShoalError METHOD_UNSTABLE with the rule and the numbers
 */
function checkStability (method: MethodSpec, swarmSize?: number): void {
  const { outer } = method
  switch (outer.kind) {
    case 'noloco': checkConsensus(method, outer, swarmSize); break
    case 'nesterov': checkRate(outer, nesterovBound(outer.momentum), 'η < 2(1+μ) / (1+2μ)'); break
    case 'gossip': checkGossip(method, outer, swarmSize); break
    case 'co2': checkRate(outer, staleBound(outer.momentum), 'η < 1 − μ, its Δ being a round old'); break
    default:
  }
}

/** An outer optimizer with a momentum. */
type Momentum = Extract<OuterSpec, { readonly momentum: number }>

function checkConsensus ({ groupSize, mixing = 0 }: MethodSpec, outer: Momentum, swarmSize: number | undefined): void {
  const { learningRate, momentum } = outer
  const lag = mixing === 'carry' ? 0 : mixing
  // A group of all is one that nobody is outside of, whatever its size.
  const bound = groupSize === 'all' ? stepBound(momentum, 2, 2, lag) : stepBound(momentum, groupSize, swarmSize, lag)
  if (learningRate < bound) return
  if (groupSize === 'all' && lag === 0) throw unstable(outer, `everyone's steps towards their mean overshoot ever further unless γ < 2(1+μ); for this momentum it must be ${limit(bound)}`)
  const where = swarmSize === undefined ? 'a swarm of any size' : `a swarm of ${swarmSize}`
  const rule = lag === 0 ? 'γ < 2(1−μ²) / (1−μ + 2μ(N−g)/(g(N−1)))' : `the second moment of their spread does; with α = ${shown(lag)} that takes a γ`
  throw unstable(outer, `groups of ${groupSize} in ${where} contract only if ${rule}${lag === 0 ? ', which is ' : ' '}${limit(bound)}`)
}

function checkGossip (method: MethodSpec, outer: Momentum, swarmSize: number | undefined): void {
  checkRate(outer, nesterovBound(outer.momentum), 'η < 2(1+μ) / (1+2μ)')
  const growth = growthOf(method, swarmSize) ?? 0
  if (growth < 1) return
  throw unstable(outer, `with α = ${String(method.mixing ?? 0)} fast weights lag behind so far that the spread between replicas grows by ${shown(growth)} a round; it must be below 1`)
}

function checkRate (outer: Momentum, bound: number, rule: string): void {
  if (outer.learningRate < bound) return
  throw unstable(outer, `where a round's training closes the whole gap to an optimum, the outer step overshoots ever further unless ${rule}; for this momentum η must be ${limit(bound)}`)
}

/** A preset of each kind, whose constants are stable. */
const stablePresets = { noloco: 'noloco', nesterov: 'diloco', gossip: 'shoal', co2: 'co2' } as const satisfies Record<Momentum['kind'], keyof typeof presets>

function unstable ({ kind, learningRate, momentum }: Momentum, why: string): ShoalError {
  const name = stablePresets[kind]
  const { outer } = presets[name]
  return new ShoalError({
    code: 'METHOD_UNSTABLE',
    what: `The outer optimizer ${kind} is not stable with a learning rate of ${shown(learningRate)} and momentum ${shown(momentum)}`,
    why,
    tryThis: `Lower the outer learning rate or the momentum; the ${name} preset has ${outer.learningRate} and ${outer.momentum}.`
  })
}

function limit (bound: number): string {
  return bound > 0 ? `below ${shown(bound)}` : 'impossible: momentum must be below 1'
}

/** Three decimals at most, rounded down so that a shown bound is never larger than the true one. */
function shown (value: number): string {
  return String(Math.floor(value * 1000 + 1e-9) / 1000)
}
