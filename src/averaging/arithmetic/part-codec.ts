import { createCodec } from '../../compression/codec.ts'
import type { Codec } from '../../compression/codec.ts'
import { parseSpec, printSpec } from '../../compression/spec.ts'
import type { StageText } from '../../compression/spec.ts'
import { threefry2x32 } from '../../random/threefry.ts'
import { contributionCodec } from './contribution-codec.ts'
import type { ContributionCodec } from './contribution-codec.ts'
import { refusal } from './refusal.ts'

/** Chunk of top-k where its spec names none. */
const STANDARD_CHUNK = 4096
/** Digits that a number in a spec may have behind its point. */
const SPEC_DIGITS = 9
/** Of src/random's streams, beside those of the codecs themselves. */
const SHARED_SEED_STREAM = 1006

/** The stages of a codec's spec; none where it cannot be read, which `createCodec` says better. */
export function stagesOf (spec: string): readonly StageText[] {
  const stages = parseSpec(spec)
  return typeof stages === 'string' ? [] : stages
}

/** Whether all members must draw alike for the codec to make sense: the entries of a seeded random-k. */
export function drawsAlike (spec: string): boolean {
  return stagesOf(spec).some(stage => stage.name === 'randk')
}

/** Quantizers with fewer levels than a mean of what they give, which also has zeros between. */
const COARSE = new Set(['sign', 'ternary', 'int2'])

/**
 * The codec of the mean of `members` contributions. It is that of the contributions, but the mean of sparse vectors has up to as many entries as all of
 * them together, and top-k must not choose among those again; and the mean of two or four levels has more, for which int4 has room.
 */
export function meanSpec (spec: string, members: number): string {
  const stages = stagesOf(spec).flatMap(stage => {
    if (COARSE.has(stage.name)) return [{ name: 'int4', arguments: stage.arguments.filter(argument => Number(argument) > 0) }]
    if (stage.name !== 'topk') return [stage]
    const chunk = Number(stage.arguments[1] ?? STANDARD_CHUNK)
    const fraction = members * Math.max(1, Math.round(Number(stage.arguments[0]) * chunk)) / chunk
    return fraction >= 1 ? [] : [{ name: 'topk', arguments: [String(Number(fraction.toFixed(SPEC_DIGITS))), ...stage.arguments.slice(1)] }]
  })
  return stages.length === 0 ? 'fp32' : printSpec(stages)
}

/** Stages that work tensor by tensor. */
const KNOWS_TENSORS = new Set(['lowrank', 'allocate'])

/** A seed that every member of a run has for a part of a round. */
export function sharedSeed (seed: number, round: number, fragment: number, part: number): number {
  const [word] = threefry2x32([seed >>> 0, SHARED_SEED_STREAM], [round >>> 0, fragment])
  return threefry2x32([word, SHARED_SEED_STREAM], [part, Math.floor(round / 2 ** 32)])[0]
}

/** Codecs for contributions and for means of any number of members, made once each. */
export class CodecFamily {
  readonly spec: string
  /** See {@link drawsAlike}. */
  readonly drawsAlike: boolean
  readonly contribution: ContributionCodec
  /** The contribution's, then coarser ones. */
  readonly #rungs: readonly ContributionCodec[]
  readonly #shapes: ReadonlyArray<readonly number[]>
  readonly #means = new Map<number, Codec>()

  /**
   * @param shapes tensors of the fragment where whole fragments travel; none where parts do
   * @param coarser what contributions may be written with instead, from the first rung of the ladder down
   * @throws ShoalError CODEC_SPEC
   */
  constructor (spec: string, shapes: ReadonlyArray<readonly number[]> = [], coarser: readonly string[] = []) {
    this.spec = spec
    this.drawsAlike = drawsAlike(spec)
    this.#shapes = shapes
    this.contribution = contributionCodec(spec, this.#shapesFor(spec))
    this.#rungs = [this.contribution, ...coarser.map(rung => contributionCodec(rung, this.#shapesFor(rung)))]
  }

  /** The codec of contributions on a rung of the ladder, 0 for the finest. @throws ShoalError CODEC_CORRUPT for a rung that the ladder does not have */
  onRung (rung: number): ContributionCodec {
    const codec = this.#rungs[rung]
    if (codec === undefined) throw refusal(`it says rung ${rung} of a ladder that has ${this.#rungs.length}, counted from 0`)
    return codec
  }

  mean (members: number): Codec {
    const known = this.#means.get(members) ?? this.#meanCodec(meanSpec(this.spec, members))
    this.#means.set(members, known)
    return known
  }

  #meanCodec (spec: string): Codec {
    return createCodec(spec, this.#shapesFor(spec))
  }

  #shapesFor (spec: string): ReadonlyArray<readonly number[]> {
    return stagesOf(spec).some(({ name }) => KNOWS_TENSORS.has(name)) ? this.#shapes : []
  }
}
