import type { FragmentChange, Landing, RoundArithmetic, RoundContext } from './round-arithmetic.ts'
import { assembled, keptOrZero, mixed, nesterovStep, owedAfter } from './round-arithmetic.ts'
import { add, combined, meanSize, minus, norm, scaled } from './vectors.ts'

/**
 * Rounds in which Δ_i = φ − θ_i crosses, against slow weights φ that the whole group shares: all members apply the same decoded mean in the same order, so
 * theirs stay equal to the bit. A part that does not land is left as it is, and its Δ simply goes on growing. What error feedback held back or a mean came
 * without, is sent later.
 */
export function openDeltas (context: RoundContext): RoundArithmetic {
  const { kept } = context
  const slow = keptOrZero(context, 'slow')
  const residual = kept('residual')
  const due = dueOf(context, slow)
  return {
    channels: [{ values: due, codecs: context.codecs, owed: kept('owed'), watch: context.watches[0], way: () => meanSize(due) }],
    reference: slow,
    land (landing) {
      const { parts, isAlone } = landing
      const mean = isAlone ? due : assembled(landing, part => part.mean(0))
      const whole = outerStep(context, slow, mean, landing)
      const isWhole = isAlone || !parts.includes(undefined)
      const onlyLanded = (after: Float32Array, before?: Float32Array): Float32Array =>
        isWhole ? after : assembled(landing, ({ part }) => after.subarray(part.start, part.end), before)
      return {
        slow: onlyLanded(whole.slow, slow),
        fast: onlyLanded(whole.fast, landing.now),
        ...whole.momentum === undefined ? {} : { momentum: onlyLanded(whole.momentum, kept('momentum')) },
        ...whole.pending === undefined ? {} : { pending: onlyLanded(whole.pending) },
        ...residual === undefined ? {} : { residual: residualAfter(landing, due, residual) },
        ...whole.stepNorm === undefined ? {} : { stepNorm: whole.stepNorm },
        ...owedAfter(landing)
      }
    }
  }
}

/** φ − θ, with progress made while the last round was in flight, and with what error feedback held back. */
function dueOf ({ sent, method, kept }: RoundContext, slow: Float32Array): Float32Array {
  const due = minus(slow, sent)
  const pending = kept('pending')
  const residual = kept('residual')
  if (pending !== undefined) add(due, 1, pending)
  if (residual !== undefined) add(due, method.errorFeedback ?? 0, residual)
  return due
}

type OuterChange = Required<Pick<FragmentChange, 'slow' | 'fast'>> & Pick<FragmentChange, 'momentum' | 'pending' | 'stepNorm'>

/** @param mean mean Q(Δ), zero where nothing landed */
function outerStep (context: RoundContext, slow: Float32Array, mean: Float32Array, { now }: Landing): OuterChange {
  const { method, sent } = context
  const { outer } = method
  if (outer.kind === 'co2') return stepOfCo2(context, slow, mean, now, outer)
  if (outer.kind === 'nesterov') {
    const stepped = nesterovStep(slow, keptOrZero(context, 'momentum'), mean, outer.learningRate, outer.momentum)
    return { ...stepped, fast: mixed(now, sent, stepped.slow, method.mixing) }
  }
  const averaged = minus(slow, mean)
  return { slow: averaged, fast: mixed(now, sent, averaged, method.mixing) }
}

/**
 * CO2 (arXiv 2401.16265): the mean arrives a whole round late and θ starts again from φ, so what was learned meanwhile is the next round's Δ.
 *
 *     m ← clip(μm + mean Δ / Λ) ; φ ← φ − ηm
 *
 * The penalty Λ = 1 + ‖last step‖ / (η‖mean Δ‖) measures how far φ has moved since Δ was computed, in steps of this Δ's own size (the gap of Barkai et
 * al., "Gap-aware mitigation of gradient staleness", ICLR 2020); the paper's own normalisation was not at hand.
 */
function stepOfCo2 (context: RoundContext, slow: Float32Array, mean: Float32Array, now: Float32Array, outer: { readonly learningRate: number, readonly momentum: number, readonly clipNorm: number }): OuterChange {
  const { learningRate, momentum: decay, clipNorm } = outer
  const size = norm(mean)
  const gap = size === 0 ? 1 : 1 + context.lastStepNorm / (learningRate * size)
  const raw = combined(decay, keptOrZero(context, 'momentum'), 1 / gap, mean)
  const clip = Math.min(1, clipNorm / Math.max(norm(raw), Number.MIN_VALUE))
  const momentum = scaled(clip, raw)
  const after = combined(1, slow, -learningRate, momentum)
  const pending = minus(context.sent, now)
  return { slow: after, momentum, fast: after, pending, stepNorm: learningRate * norm(momentum) }
}

/** e ← a − Q(a) where this peer is in the mean; a where it came without; e where nothing landed, for Δ is measured anew. */
function residualAfter (landing: Landing, due: Float32Array, residual: Float32Array): Float32Array {
  if (landing.isAlone) return new Float32Array(due.length)
  return assembled(landing, ({ part, includesSelf, own }) => {
    const ofPart = due.subarray(part.start, part.end)
    return includesSelf ? minus(ofPart, own[0] as Float32Array) : ofPart
  }, residual)
}
