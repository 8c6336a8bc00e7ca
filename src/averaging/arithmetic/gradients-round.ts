import type { LandedPart } from './landed-part.ts'
import type { FragmentChange, Landing, RoundArithmetic, RoundContext } from './round-arithmetic.ts'
import { assembled, keptOrZero, owedAfter } from './round-arithmetic.ts'
import { combined, meanSize, minus } from './vectors.ts'

/**
 * Rounds in which the gradient of one step crosses. With momentum correction u ← mu + g, v ← v + u, send Q(v), and both forget what was sent
 * (DGC, arXiv 1712.01887); with error feedback alone a ← βa + g (DeMo's momentum, arXiv 2411.19870). Where no mean landed, what this peer
 * would have sent takes its place, so that a step is never lost.
 *
 * - `inner`: the mean is left for the trainer's own optimizer
 * - `sign`: θ ← θ − η sign(mean)
 */
export function openGradients (context: RoundContext): RoundArithmetic {
  const { method, kept, gradient } = context
  if (gradient === undefined) throw new RangeError('the method shares gradients and the trainer gives none')
  const correction = method.momentumCorrection
  const entering = correction === undefined ? gradient : combined(correction, keptOrZero(context, 'velocity'), 1, gradient)
  const residual = kept('residual')
  const decay = method.errorFeedback ?? 0
  const due = residual === undefined ? entering : combined(1, entering, decay, residual)
  return {
    channels: [{ values: due, codecs: context.codecs, owed: kept('owed'), watch: context.watches[0], way: () => meanSize(due) }],
    land (landing) {
      const mean = assembled(landing, part => part.mean(0), due)
      return {
        ...moved(context, landing.now, mean),
        ...residual === undefined ? {} : { residual: residualAfter(landing, due) },
        ...correction === undefined ? {} : { velocity: velocityAfter(landing, entering) },
        ...owedAfter(landing)
      }
    }
  }
}

function moved ({ method: { outer } }: RoundContext, now: Float32Array, mean: Float32Array): FragmentChange {
  if (outer.kind !== 'sign') return { gradient: mean }
  return { fast: now.map((value, index) => value - outer.learningRate * Math.sign(mean[index] as number)) }
}

/** a − Q(a) where this peer is in the mean, all of it where the mean came without, nothing where its own took the mean's place. */
function residualAfter (landing: Landing, due: Float32Array): Float32Array {
  return assembled(landing, ({ part, includesSelf, own }) => {
    const ofPart = due.subarray(part.start, part.end)
    return includesSelf ? minus(ofPart, own[0] as Float32Array) : ofPart
  })
}

/** u ← 0 where something was sent, so that an old direction is not pushed twice (DGC, "momentum factor masking"). */
function velocityAfter (landing: Landing, entering: Float32Array): Float32Array {
  return assembled(landing, landed => landed.includesSelf ? unsent(landed, entering) : undefined, entering)
}

function unsent ({ part, own }: LandedPart, entering: Float32Array): Float32Array {
  return entering.slice(part.start, part.end).map((value, index) => own[0]?.[index] === 0 ? value : 0)
}
