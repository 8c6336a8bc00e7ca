import type { MethodSpec } from '../../manifest/schema.ts'
import type { Matrix } from './mean-square.ts'
import { mixingShortfall, product, spreadGrowth } from './mean-square.ts'

/** Halvings of an interval of bounds: far below the third decimal that is shown. */
const HALVINGS = 30
/** No outer learning rate is stable above 4: heavy ball's bound 2(1+μ) with μ < 1. */
const LARGEST_BOUND = 4

/**
 * The step γ below which the spread between replicas contracts when random groups of g out of N average with NoLoCo's momentum μ and no gradient
 * (algorithms.md, "Stability"):
 *
 *     γ < 2(1−μ²) / (1 − μ + 2μ (N−g) / (g(N−1)))
 *
 * The bound falls as N grows, so an unknown swarm size means its limit for N → ∞, where (N−g) / (N−1) → 1. One peer, or
 * a swarm that is a single group, has heavy ball's bound 2(1+μ). Flights do not tighten it, for a fragment lands before it is sent again; mixing loosens it, because θ, which
 * is what the group averages, then follows φ only in part. With α > 0 the bound is where the second moment's growth passes 1, found by bisection: pairs
 * of an endless swarm with μ = 0.9 bear 0.38, 0.99 and 3.36 at α = 0, 0.25 and 0.5.
 *
 * @param momentum μ in [0, 1]
 * @param groupSize g, at least 1
 * @param swarmSize N, if known
 * @param mixing α in [0, 1); carrying a flight's steps over is 0
 */
export function stepBound (momentum: number, groupSize: number, swarmSize?: number, mixing = 0): number {
  const shortfall = mixingShortfall(groupSize, swarmSize)
  if (mixing === 0) return 2 * (1 - momentum ** 2) / (1 - momentum + 2 * momentum * shortfall)
  let [stable, unstable] = [0, LARGEST_BOUND]
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (stable + unstable) / 2
    const { own, group } = nolocoRound(middle, momentum, mixing)
    if (spreadGrowth(own, group, shortfall) < 1) stable = middle
    else unstable = middle
  }
  return stable
}

/** One round without a gradient as a map of (φ, m, θ): z ← own z + group z̄. */
export interface LinearRound {
  readonly own: Matrix
  readonly group: Matrix
}

/** m ← μm + η(θ̄ − φ) ; φ ← φ + m ; θ ← αθ + (1−α)φ */
export function nolocoRound (learningRate: number, momentum: number, mixing: number): LinearRound {
  return {
    own: product(mixingOf(mixing), [[1 - learningRate, momentum, 0], [-learningRate, momentum, 0], [0, 0, 1]]),
    group: product(mixingOf(mixing), [[0, 0, learningRate], [0, 0, learningRate], [0, 0, 0]])
  }
}

/** A Nesterov step on φ − θ, then φ ← φ̄ ; θ ← αθ + (1−α)φ */
export function gossipRound (learningRate: number, momentum: number, mixing: number): LinearRound {
  const pull = learningRate * (1 + momentum)
  const stepped: Matrix = [[1 - pull, -learningRate * momentum ** 2, pull], [1, momentum, -1], [0, 0, 1]]
  return {
    own: product(mixingOf(mixing), product([[0, 0, 0], [0, 1, 0], [0, 0, 1]], stepped)),
    group: product(mixingOf(mixing), product([[1, 0, 0], [0, 0, 0], [0, 0, 0]], stepped))
  }
}

function mixingOf (mixing: number): Matrix {
  return [[1, 0, 0], [0, 1, 0], [1 - mixing, 0, mixing]]
}

/** η below which Nesterov's outer step stays stable even where a round's training closes the whole gap to an optimum (λ = 1): 2(1+μ) / (1+2μ). */
export function nesterovBound (momentum: number): number {
  return momentum < 1 ? 2 * (1 + momentum) / (1 + 2 * momentum) : 0
}

/**
 * The same for momentum SGD whose Δ is one round old (CO2): m ← μm + Δ₋₁ ; φ ← φ − ηm. With Δ = φ the characteristic polynomial z³ − (1+μ)z² + μz + η has all its
 * roots within the unit circle if and only if η < 1 − μ.
 */
export function staleBound (momentum: number): number {
  return 1 - momentum
}

/** How the mean-square spread of a method's replicas grows in a round without a gradient; undefined for those that share what they start a round from. */
export function growthOf (method: MethodSpec, swarmSize?: number): number | undefined {
  const { outer, groupSize, mixing = 0 } = method
  if (groupSize === 1 || (outer.kind !== 'noloco' && outer.kind !== 'gossip')) return undefined
  const round = outer.kind === 'noloco' ? nolocoRound : gossipRound
  const { own, group } = round(outer.learningRate, outer.momentum, mixing === 'carry' ? 0 : mixing)
  return spreadGrowth(own, group, groupSize === 'all' ? 0 : mixingShortfall(groupSize, swarmSize))
}
