import { codecKernels, eachBatch, loadFloats, padded } from '../codec-kernels/kernels.ts'
import { ShoalError } from '../errors.ts'
import { checksum, contentSeed } from './checksum.ts'
import type { Codec } from './codec.ts'
import { readSymbols, writeSymbols } from './entropy.ts'
import { createFp32 } from './float-quantizers.ts'
import { checkHeader, corrupt, headerBytes, seal, writeHeader } from './header.ts'
import type { Cursor } from './sections.ts'
import { squaresSum } from './squares.ts'
import { maximumSectionBytes, readCount, writeCount, writePacked } from './sections.ts'
import type { Plane, Quantizer, Reducer, Stage } from './stage.ts'

/** The stages of a codec, in order: any number of reducers, one quantizer, and how planes are written. */
interface Pipeline {
  readonly reducers: readonly Reducer[]
  readonly quantizer: Quantizer
  readonly isEntropyCoded: boolean
}

/**
 * One codec from stages in a valid order. Layout: header, then one section for each plane, stage by stage.
 *
 * @param shapes the tensors that the vector consists of, one after the other; none for a plain vector
 */
export function createPipeline (spec: string, stages: readonly Stage[], shapes: ReadonlyArray<readonly number[]>): Codec {
  const pipeline: Pipeline = {
    reducers: stages.filter(stage => stage.kind === 'reduce'),
    quantizer: stages.find(stage => stage.kind === 'quantize') ?? createFp32(),
    isEntropyCoded: stages.some(stage => stage.kind === 'entropy')
  }
  const traits = [...pipeline.reducers, pipeline.quantizer]
  const shapesHash = shapes.length === 0 ? 0 : checksum(Uint8Array.from(JSON.stringify(shapes), character => character.charCodeAt(0)))
  let asked = { length: NaN, bytes: NaN }
  // vectors of a run have few lengths, and each is asked about at every encoding and decoding
  const maximumBytes = (length: number): number => {
    if (asked.length !== length) asked = { length, bytes: planesOf(pipeline, length).reduce((sum, plane) => sum + maximumSectionBytes(plane), headerBytes(spec)) }
    return asked.bytes
  }
  return {
    spec,
    lossless: traits.every(stage => stage.lossless),
    biased: traits.some(stage => stage.biased),
    maximumBytes,
    expectedBytes: length => Math.min(maximumBytes(length), headerBytes(spec) + expectedBytes(pipeline, length)),
    encode (values, output, seed) {
      refuseNonFinite(values)
      if (output.length < maximumBytes(values.length)) throw new RangeError(`the output has ${output.length} bytes, ${maximumBytes(values.length)} may be needed`)
      const drawn = seed === undefined ? contentSeed(values) : seed >>> 0
      writeHeader(output, { spec, length: values.length, seed: drawn, shapes: shapesHash })
      const to: Cursor = { bytes: output, at: headerBytes(spec) }
      encodePlanes(pipeline, values, drawn, to)
      seal(output.subarray(0, to.at))
      return to.at
    },
    decodeAccumulate (bytes, weight, accumulator) {
      const length = accumulator.length
      const seed = checkHeader(bytes, { spec, length, shapes: shapesHash }, maximumBytes(length))
      const values = decodePlanes(pipeline, { bytes, at: headerBytes(spec) }, length, seed)
      if (!Number.isFinite(squaresSum(values))) throw corrupt('a value is too large')
      addWeighted(accumulator, values, weight)
    }
  }
}

function encodePlanes ({ reducers, quantizer, isEntropyCoded }: Pipeline, values: Float32Array, seed: number, to: Cursor): void {
  let current = values
  for (const reducer of reducers) {
    const reduced = reducer.reduce(current, seed)
    writePlanes(to, reducer.planes(current.length), reduced.planes, isEntropyCoded)
    current = reduced.values
  }
  if (reducers.length > 0) refuseNonFinite(current)
  writePlanes(to, quantizer.planes(current.length), quantizer.quantize(current, seed), isEntropyCoded)
}

function decodePlanes ({ reducers, quantizer }: Pipeline, from: Cursor, length: number, seed: number): Float32Array {
  const lengths = [length]
  const received = reducers.map(reducer => {
    const entering = lengths[lengths.length - 1] as number
    lengths.push(reducer.reducedLength(entering))
    return readPlanes(from, reducer.planes(entering))
  })
  const last = lengths[lengths.length - 1] as number
  const planes = readPlanes(from, quantizer.planes(last))
  if (from.at !== from.bytes.length) throw corrupt(`it goes on for ${from.bytes.length - from.at} bytes behind its end`)
  let values = quantizer.dequantize(planes, last, seed)
  for (let stage = reducers.length - 1; stage >= 0; stage--) {
    values = (reducers[stage] as Reducer).restore(values, received[stage] as readonly Uint8Array[], lengths[stage] as number, seed)
  }
  return values
}

function writePlanes (to: Cursor, planes: readonly Plane[], symbols: readonly Uint8Array[], isEntropyCoded: boolean): void {
  planes.forEach((plane, index) => {
    const row = symbols[index] as Uint8Array
    writeCount(to, plane, row.length)
    if (isEntropyCoded) writeSymbols(to, row, plane.bits)
    else writePacked(to, row)
  })
}

function readPlanes (from: Cursor, planes: readonly Plane[]): readonly Uint8Array[] {
  return planes.map(plane => readSymbols(from, plane.bits, readCount(from, plane)))
}

function planesOf ({ reducers, quantizer }: Pipeline, length: number): readonly Plane[] {
  const planes: Plane[] = []
  let entering = length
  for (const reducer of reducers) {
    planes.push(...reducer.planes(entering))
    entering = reducer.reducedLength(entering)
  }
  return [...planes, ...quantizer.planes(entering)]
}

function expectedBytes (pipeline: Pipeline, length: number): number {
  const bits = (plane: Plane): number => (pipeline.isEntropyCoded ? plane.expectedBits : plane.packedBits) ?? plane.bits
  return planesOf(pipeline, length).reduce((sum, plane) => sum + 1 + Math.ceil(plane.count * bits(plane) / 8), 0)
}

/** Refuses to encode what no receiver could use. */
function refuseNonFinite (values: Float32Array): void {
  if (Number.isFinite(squaresSum(values))) return
  const index = values.findIndex(value => !Number.isFinite(value))
  throw new ShoalError({
    code: 'CODEC_CORRUPT',
    what: 'The weights cannot be encoded',
    why: `value ${index} of ${values.length} is ${values[index] ?? 'too large'}`,
    tryThis: 'Training has diverged: lower the learning rate or the clipping norm.'
  })
}

function addWeighted (accumulator: Float32Array, values: Float32Array, weight: number): void {
  const kernels = codecKernels()
  const { at, floats } = kernels
  eachBatch(values.length, (start, count) => {
    loadFloats(kernels, at.values, values, start, count)
    loadFloats(kernels, at.target, accumulator, start, count)
    kernels.accumulate(at.target, at.values, padded(count), weight)
    accumulator.set(floats.subarray(at.target / 4, at.target / 4 + count), start)
  })
}
