import { printSpec } from '../compression/spec.ts'
import type { MethodSpec } from '../manifest/schema.ts'
import { contributionCodec } from './arithmetic/contribution-codec.ts'
import { sharesOf } from './arithmetic/method-traits.ts'
import { drawsAlike, stagesOf } from './arithmetic/part-codec.ts'

/** Any shape will do to ask a codec for its size. */
const SOME_SHAPES = [[256, 256]]
const SOME_VALUES = 65_536
/** A rung that saves less than a tenth is no rung: the promise would be kept by the next one anyway. */
const MOST_OF_THE_LAST = 0.9
/**
 * Bits a value of the rungs that are derived. Weights bear fewer levels worse than deltas do: what three bits lose of a weight is an eighth of its size, and
 * it comes back with every round; of a delta it is an eighth of one round's progress.
 */
const DERIVED_BITS = { weights: [6, 4, 3], deltas: [4, 3, 2] } as const
/** What a codec against the receiver's weights leaves out on each rung. */
const FEWER_BITS = [1, 2] as const
/** A sparse codec sends this share of its entries on each rung. */
const DERIVED_SHARES = [0.5, 0.25] as const

/**
 * The codecs that a method's contributions may be written with, finest first: its own, then the rungs of its ladder, to which a peer climbs down whose
 * promise does not bear the own one. Means of groups keep the method's codec. Without a ladder in the manifest weights in pairs and deltas have one that
 * follows from the codec; an empty one says that there is none.
 */
export function ladderOf (method: MethodSpec): readonly string[] {
  return [method.codec, ...method.groupSize === 1 ? [] : method.ladder ?? derivedRungs(method)]
}

/** A sentence that says what is wrong with a method's ladder; undefined where nothing is. @throws ShoalError CODEC_SPEC */
export function ladderMisfit (method: MethodSpec): string | undefined {
  const { ladder = [], groupSize } = method
  if (ladder.length === 0) return undefined
  if (groupSize === 1) return 'a method that trains alone sends nothing that a ladder could make smaller'
  const specs = [method.codec, ...ladder]
  const alike = specs.find(drawsAlike)
  if (alike !== undefined) return `of ${alike} all members must draw the same entries, and those on another rung would draw others: no ladder goes with it`
  const sizes = specs.map(typicalSize)
  const step = sizes.findIndex((size, rung) => rung > 0 && size >= (sizes[rung - 1] as number))
  return step < 0 ? undefined : `a ladder goes down, and ${specs[step] ?? ''} is not smaller than ${specs[step - 1] ?? ''}`
}

function derivedRungs (method: MethodSpec): readonly string[] {
  const shares = sharesOf(method)
  const stages = stagesOf(method.codec)
  if (shares === 'gradients' || (shares === 'weights' && method.groupSize !== 2)) return []
  if (stages[0]?.name === 'modulo') return coarserThan(method.codec)
  const isSparse = stages[0]?.name === 'topk'
  // What stands before the quantizer, but for top-k, is there for a reason that a plain quantizer does not know.
  if (!isSparse && (stages.length > 2 || KEPT_WHOLE.has(stages[0]?.name ?? ''))) return []
  return falling(method.codec, isSparse ? sparserThan(method.codec) : DERIVED_BITS[shares].map(bits => `uniform(${bits}) | rans`))
}

const KEPT_WHOLE = new Set(['randk', 'rotate', 'dct', 'sketch', 'lowrank', 'allocate'])

function sparserThan (codec: string): readonly string[] {
  const [first, ...rest] = stagesOf(codec)
  if (first === undefined) return []
  return DERIVED_SHARES.map(share => printSpec([{ ...first, arguments: [String(Number((share * Number(first.arguments[0])).toFixed(6))), ...first.arguments.slice(1)] }, ...rest]))
}

/** Against the receiver's weights a bit less of what two replicas differ by. */
function coarserThan (codec: string): readonly string[] {
  const [first, ...rest] = stagesOf(codec)
  if (first === undefined) return []
  const rungs = FEWER_BITS.map(fewer => Number(first.arguments[0]) - fewer).filter(bits => bits > 0)
  return rungs.map(bits => printSpec([{ ...first, arguments: [String(bits), ...first.arguments.slice(1)] }, ...rest]))
}

/** Those of the rungs that are clearly smaller than the one before. */
function falling (codec: string, rungs: readonly string[]): readonly string[] {
  let last = typicalSize(codec)
  return rungs.filter(rung => {
    const size = typicalSize(rung)
    const isRung = size <= MOST_OF_THE_LAST * last
    if (isRung) last = size
    return isRung
  })
}

function typicalSize (spec: string): number {
  return contributionCodec(spec, SOME_SHAPES).expectedBytes(SOME_VALUES)
}
