import { ShoalError } from '../errors.ts'
import { nearest } from '../text/nearest.ts'
import { createPipeline } from './pipeline.ts'
import { stageDefinitions } from './registry.ts'
import type { NumberParameter, StageArguments, StageDefinition } from './registry.ts'
import { parseSpec, printSpec } from './spec.ts'
import type { StageText } from './spec.ts'
import type { Stage } from './stage.ts'

/** How a vector of weights travels. Stateless: the same values and seed give the same bytes, whoever encodes them. */
export interface Codec {
  /** The canonical spec that creates it, e.g. `topk(0.01,4096) | int2(64) | rans`. */
  readonly spec: string
  /** Decoding gives back the very same bits. */
  readonly lossless: boolean
  /** The same input always errs the same way (E[decode(encode(x))] ≠ x), so that a receiver who adds up many needs error feedback or the mean-exact form. */
  readonly biased: boolean
  /** Size of the largest encoding of `length` values, header included. */
  maximumBytes (length: number): number
  /** Size of a typical encoding of `length` values, for budgets. */
  expectedBytes (length: number): number
  /**
   * Writes the encoding of finite `values` to the start of `output` and returns the bytes written, at most {@link maximumBytes}.
   *
   * @param seed of rounding, selection and rotation, a 32-bit natural; it travels along. Without one the values' checksum serves, so that equal
   *   values still give equal bytes; give one where codecs are to be independent of the values, or peers are to draw alike.
   * @throws ShoalError CODEC_CORRUPT when a value is NaN or infinite
   * @throws RangeError when `output` is shorter than {@link maximumBytes}
   */
  encode (values: Float32Array, output: Uint8Array, seed?: number): number
  /**
   * `accumulator[i] += weight · decoded[i]`, in float32. Every decoded value is finite, whatever the bytes; the vector must have
   * the accumulator's length, so nothing is allocated on the word of a sender.
   *
   * @throws ShoalError CODEC_CORRUPT, and then nothing was added
   */
  decodeAccumulate (bytes: Uint8Array, weight: number, accumulator: Float32Array): void
}

/** Specs to suggest where one is not understood. */
export const codecExamples: readonly string[] = ['fp32', 'int8(64)', 'uniform(4) | rans', 'topk(0.01) | int2 | rans']

const NUMBER = /^\d{1,9}(\.\d{1,9})?$/
/** Stages come in this order; there is one quantizer (fp32 where none is named) and one entropy stage at most. */
const ORDER = { reduce: 0, quantize: 1, entropy: 2 } as const

/**
 * The codec of a spec: stages between `|`, in the order reduce, quantize, entropy. {@link stageDefinitions} has them all.
 *
 * @param shapes the tensors of the vector, for stages that work on matrices
 * @throws ShoalError CODEC_SPEC
 */
export function createCodec (spec: string, shapes: ReadonlyArray<readonly number[]> = []): Codec {
  const stages: Stage[] = []
  const canonical = readStages(spec, stageDefinitions).map(({ text, given, definition }) => {
    checkOrder(spec, stages, definition, text.name)
    stages.push(definition.create({ ...given, shapes }))
    return text
  })
  return createPipeline(printSpec(canonical), stages, shapes)
}

type Given = Omit<StageArguments, 'shapes'>

/** What names and takes a stage. */
type Signature = Pick<StageDefinition, 'numbers' | 'words'>

/**
 * The stages of a spec with all that was left out, and as they are written canonically.
 *
 * @throws ShoalError CODEC_SPEC
 */
export function readStages<Definition extends Signature> (spec: string, definitions: Readonly<Record<string, Definition>>): ReadonlyArray<{ readonly text: StageText, readonly given: Given, readonly definition: Definition }> {
  const texts = parseSpec(spec)
  if (typeof texts === 'string') throw badSpec(spec, texts)
  return texts.map(text => {
    const definition = definitionOf(spec, text.name, definitions)
    const given = readArguments(spec, text, definition)
    const words = given.words.filter((word, group) => word !== definition.words[group]?.[0])
    return { text: { name: text.name, arguments: [...given.numbers.map(String), ...words] }, given, definition }
  })
}

function definitionOf<Definition> (spec: string, name: string, definitions: Readonly<Record<string, Definition>>): Definition {
  const definition = Object.hasOwn(definitions, name) ? definitions[name] : undefined
  if (definition !== undefined) return definition
  if (name === 'modulo') throw badSpec(spec, 'modulo decodes against the weights of the receiver; it stands first, and where peers in pairs exchange weights')
  if (name === 'ef') throw badSpec(spec, 'error feedback is no stage: a method whose receivers share a reference has it as errorFeedback (--error-feedback on the command line); partners in a pair change and share none')
  const meant = nearest(name, Object.keys(definitions))
  throw badSpec(spec, `there is no stage "${name.slice(0, 20)}"${meant === undefined ? `; there are ${Object.keys(definitions).join(', ')}` : `; ${meant} may be meant`}`)
}

function checkOrder (spec: string, before: readonly Stage[], definition: StageDefinition, name: string): void {
  const last = before[before.length - 1]
  if (last === undefined || ORDER[last.kind] < ORDER[definition.kind]) return
  if (last.kind === 'reduce' && definition.kind === 'reduce') return
  throw badSpec(spec, `${name} cannot come there: first what selects or rotates, then one quantizer, then rans`)
}

function readArguments (spec: string, { name, arguments: given }: StageText, definition: Signature): Given {
  const numbers = given.filter(argument => NUMBER.test(argument)).map(Number)
  const others = given.filter(argument => !NUMBER.test(argument))
  if (numbers.length > definition.numbers.length) throw badSpec(spec, `${name} takes ${usage(definition)}`)
  const chosen = definition.words.map(group => others.filter(word => group.includes(word)))
  if (chosen.some(words => words.length > 1) || chosen.flat().length !== others.length) throw badSpec(spec, `${name} takes ${usage(definition)}`)
  return {
    numbers: definition.numbers.map((parameter, index) => checkedNumber(spec, name, parameter, numbers[index])),
    words: definition.words.map((group, index) => chosen[index]?.[0] ?? group[0] ?? '')
  }
}

function checkedNumber (spec: string, stage: string, { name, minimum, maximum, standard, only }: NumberParameter, given: number | undefined): number {
  const value = given ?? standard
  if (value === undefined) throw badSpec(spec, `${stage} needs its ${name}, ${minimum} to ${maximum}`)
  const fits = only === undefined || Number.isInteger({ naturals: value, 'odd numbers': (value - 1) / 2, 'powers of two': Math.log2(value) }[only])
  if (value >= minimum && value <= maximum && fits) return value
  throw badSpec(spec, `the ${name} of ${stage} is ${minimum} to ${maximum}${only === undefined ? '' : `, ${only} only`}`)
}

function usage ({ numbers, words }: Signature): string {
  const parts = [...numbers.map(({ name }) => name), ...words.map(group => group.join(' or '))]
  return parts.length === 0 ? 'no arguments' : parts.join(', ')
}

/** The error of a spec that names no codec. */
export function badSpec (spec: string, why: string): ShoalError {
  const shown = spec.length > 40 ? `${spec.slice(0, 40)}…` : spec
  return new ShoalError({
    code: 'CODEC_SPEC',
    what: `The codec "${shown}" is not known`,
    why,
    tryThis: `Use one of: ${codecExamples.join(', ')}.`
  })
}
