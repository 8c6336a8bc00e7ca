import { createAllocation } from './allocate.ts'
import { createBlockQuantizer, grids } from './block-quantizer.ts'
import type { ScaleRule } from './block-quantizer.ts'
import { codebooks, createCodebookQuantizer } from './codebook-quantizer.ts'
import { createCosineTransform } from './dct.ts'
import { createBf16, createFp16, createFp32 } from './float-quantizers.ts'
import { createLowRank } from './low-rank.ts'
import type { Rounding } from './noise.ts'
import { createRandomK } from './randk.ts'
import { createRotation } from './rotate.ts'
import { createSketch } from './sketch.ts'
import type { Stage } from './stage.ts'
import { createTopK } from './topk.ts'
import { createUniform } from './uniform-quantizer.ts'

/** A number that a stage takes. */
export interface NumberParameter {
  readonly name: string
  readonly minimum: number
  readonly maximum: number
  /** Left out, it must be given. */
  readonly standard?: number
  /** What kind of number; any when left out. */
  readonly only?: 'powers of two' | 'naturals' | 'odd numbers'
}

export interface StageArguments {
  readonly numbers: readonly number[]
  /** One of each group of words. */
  readonly words: readonly string[]
  readonly shapes: ReadonlyArray<readonly number[]>
}

/** What a stage is called, takes and does. */
export interface StageDefinition {
  readonly kind: Stage['kind']
  readonly summary: string
  readonly numbers: readonly NumberParameter[]
  /** Groups of words of which one holds; the first is the standard and not written. */
  readonly words: ReadonlyArray<readonly string[]>
  create (given: StageArguments): Stage
}

/** Scales of shorter blocks cost more than they win; longer ones let one outlier coarsen too many neighbours. */
const block: NumberParameter = { name: 'block', minimum: 8, maximum: 4096, standard: 64, only: 'powers of two' }
const roundings = ['nearest', 'stochastic', 'dithered'] as const
const fraction: NumberParameter = { name: 'fraction', minimum: 0.000001, maximum: 1 }

function blockwise (name: keyof typeof grids, summary: string, rules: readonly [ScaleRule, ScaleRule]): StageDefinition {
  return {
    kind: 'quantize', summary, numbers: [block], words: [rules, roundings],
    create: ({ numbers, words }) => createBlockQuantizer(grids[name], numbers[0] as number, words[0] as ScaleRule, words[1] as Rounding)
  }
}

function byCodebook (name: keyof typeof codebooks, summary: string): StageDefinition {
  return {
    kind: 'quantize', summary, numbers: [block], words: [['nearest', 'stochastic']],
    create: ({ numbers, words }) => createCodebookQuantizer(name, numbers[0] as number, words[0] === 'stochastic')
  }
}

function plain (summary: string, create: () => Stage): StageDefinition {
  return { kind: 'quantize', summary, numbers: [], words: [], create }
}

/** What makes a codec that decodes against the receiver's own vector, `createReferencedCodec`. */
export const referencedDefinitions: Readonly<Record<string, Pick<StageDefinition, 'numbers' | 'words'>>> = {
  modulo: { numbers: [{ name: 'bits', minimum: 0, maximum: 16 }, { name: 'block', minimum: 16, maximum: 4096, standard: 64, only: 'powers of two' }], words: [] },
  rans: { numbers: [], words: [] }
}

/** Every stage by its name. */
export const stageDefinitions: Readonly<Record<string, StageDefinition>> = {
  topk: {
    kind: 'reduce', summary: 'the largest magnitudes of each chunk, with their indices', words: [],
    numbers: [fraction, { name: 'chunk', minimum: 64, maximum: 65_536, standard: 4096, only: 'powers of two' }],
    create: ({ numbers }) => createTopK(numbers[0] as number, numbers[1] as number)
  },
  randk: {
    kind: 'reduce', summary: 'a random share of the values, the same on both sides: indices are free', words: [['unbiased', 'plain']], numbers: [fraction],
    create: ({ numbers, words }) => createRandomK(numbers[0] as number, words[0] === 'plain')
  },
  rotate: {
    kind: 'reduce', summary: 'a randomised Hadamard rotation: outliers spread over their block', words: [],
    numbers: [{ name: 'block', minimum: 8, maximum: 65_536, standard: 4096, only: 'powers of two' }],
    create: ({ numbers }) => createRotation(numbers[0] as number)
  },
  dct: {
    kind: 'reduce', summary: 'the cosine transform of each chunk: smooth rows gather in few values', words: [],
    numbers: [{ name: 'chunk', minimum: 8, maximum: 256, standard: 64, only: 'powers of two' }],
    create: ({ numbers }) => createCosineTransform(numbers[0] as number)
  },
  sketch: {
    kind: 'reduce', summary: 'a count-sketch: sums of sketches are sketches of sums; the receiver estimates the values, or the largest of them', words: [],
    numbers: [
      { name: 'rows', minimum: 1, maximum: 15, only: 'odd numbers' },
      { name: 'columns', minimum: 16, maximum: 4_194_304, only: 'powers of two' },
      { name: 'kept', minimum: 0, maximum: 999_999_999, standard: 0, only: 'naturals' }
    ],
    create: ({ numbers }) => createSketch(numbers[0] as number, numbers[1] as number, numbers[2] as number)
  },
  lowrank: {
    kind: 'reduce', summary: 'each matrix as a product of two thin ones', words: [],
    numbers: [{ name: 'rank', minimum: 1, maximum: 64, only: 'naturals' }],
    create: ({ numbers, shapes }) => createLowRank(numbers[0] as number, shapes)
  },
  fp32: plain('every bit', createFp32),
  fp16: plain('half precision', createFp16),
  bf16: plain('the upper half of float32', createBf16),
  uniform: {
    kind: 'quantize', summary: 'one step for the whole vector, that costs a Gaussian so many bits a value behind rans', words: [roundings],
    numbers: [{ name: 'bits', minimum: 0.25, maximum: 12 }],
    create: ({ numbers, words }) => createUniform(numbers[0] as number, words[0] as Rounding)
  },
  allocate: {
    kind: 'quantize', summary: 'uniform steps tensor by tensor, the bits of each by reverse water-filling for this average', words: [],
    numbers: [{ name: 'bits', minimum: 0.25, maximum: 12 }, { name: 'least', minimum: 0, maximum: 12, standard: 0 }],
    create: ({ numbers, shapes }) => createAllocation(numbers[0] as number, numbers[1] as number, shapes)
  },
  int8: blockwise('int8', '255 levels a block', ['absmax', 'mse']),
  int4: blockwise('int4', '15 levels a block', ['absmax', 'mse']),
  int2: blockwise('int2', '4 levels a block', ['absmax', 'mse']),
  ternary: blockwise('ternary', '-1, 0 and 1 times a scale a block', ['mse', 'absmax']),
  sign: blockwise('sign', 'the sign times the mean magnitude of a block', ['mse', 'absmax']),
  fp4: byCodebook('fp4', 'a sign and three exponent bits (E3M0)'),
  nf4: byCodebook('nf4', '16 quantiles of a Gaussian'),
  rans: { kind: 'entropy', summary: 'entropy coding of all that the stages before it give', numbers: [], words: [], create: () => ({ kind: 'entropy' }) }
}
