import { z } from 'zod'
import { ShoalError } from '../errors.ts'
import { layoutHash, viewOf } from '../parameters/layout.ts'
import type { ParameterLayout, TensorSlot } from '../parameters/layout.ts'
import { corrupt } from './safetensors-header.ts'
import { decodeSafetensors, encodeSafetensors, float32Tensor, float32Values } from './safetensors.ts'
import type { Sha256, TensorFile } from './safetensors.ts'

/** What a peer was, next to its vectors. */
export interface CheckpointMoment {
  readonly runId: string
  readonly peerId: string
  /** Inner steps taken. */
  readonly step: number
  /** Last averaging round committed, 0 before the first. */
  readonly round: number
  /** Tokens trained on. */
  readonly tokens: number
  /** Backend and kernels, e.g. `wasm-simd`; bits repeat only within one variant. */
  readonly kernelVariant: string
  /** Seeds the batch sampler; its cursor follows from the step. */
  readonly samplingSeed: number
  /** Inner steps at the last averaging round. */
  readonly syncedStep: number
  /** Counters that a resumed peer goes on with, by name. */
  readonly counters: Readonly<Record<string, number>>
  /** Held-out nats per token of θ, when they were measured at this step. */
  readonly heldOutLoss?: number
}

/** Everything a peer needs to go on as if it had never stopped; all vectors in the layout's order. */
export interface Checkpoint extends CheckpointMoment {
  /** Fast weights θ. */
  readonly weights: Float32Array
  /** Slow weights φ. */
  readonly slow: Float32Array
  /** Outer momentum m; empty for methods without. */
  readonly momentum: Float32Array
  /** AdamW's first and second moments. */
  readonly adamFirst: Float32Array
  readonly adamSecond: Float32Array
  /** What else the method keeps between rounds, by name: error feedback's residual, what is pending, … Not all have the layout's size. */
  readonly kept?: Readonly<Record<string, Float32Array>>
}

const FORMAT = 'shoal-checkpoint/1'
const VECTORS = [['slow', 'slow'], ['momentum', 'momentum'], ['adam.first', 'adamFirst'], ['adam.second', 'adamSecond']] as const

/** Precedes the names of kept vectors; files from before there were any have none. */
const KEPT_PREFIX = 'kept.'

const count = z.string().regex(/^(0|[1-9]\d{0,15})$/).transform(Number)
const metadataSchema = z.object({
  format: z.string(),
  layoutHash: z.string(),
  runId: z.string(),
  peerId: z.string(),
  step: count,
  round: count,
  tokens: count,
  kernelVariant: z.string(),
  samplingSeed: count,
  syncedStep: count,
  counters: z.string().transform(readCounters),
  heldOutLoss: z.string().transform(Number).refine(Number.isFinite).optional()
})

/**
 * What a checkpoint's safetensors file holds: θ by tensor as `model.<name>`, φ, m, Adam's moments and what else is kept as flat vectors.
 *
 * @returns tensors that view the checkpoint's vectors: keep these unchanged until they are written
 * @throws RangeError when a vector does not have the layout's size
 */
export function checkpointTensors (checkpoint: Checkpoint, layout: ParameterLayout): TensorFile {
  const { runId, peerId, step, round, tokens, kernelVariant, samplingSeed, syncedStep, counters, heldOutLoss } = checkpoint
  if (checkpoint.weights.length !== layout.size) throw new RangeError(`weights has ${checkpoint.weights.length} values; the layout has ${layout.size}`)
  return {
    metadata: {
      format: FORMAT,
      layoutHash: layoutHash(layout),
      runId,
      peerId,
      step: String(step),
      round: String(round),
      tokens: String(tokens),
      kernelVariant,
      samplingSeed: String(samplingSeed),
      syncedStep: String(syncedStep),
      counters: JSON.stringify(counters),
      ...heldOutLoss === undefined ? {} : { heldOutLoss: String(heldOutLoss) }
    },
    tensors: [
      ...layout.slots.map(slot => float32Tensor(`model.${slot.name}`, slot.shape, viewOf(checkpoint.weights, slot))),
      ...VECTORS.map(([name, key]) => float32Tensor(name, [name === 'momentum' && checkpoint.momentum.length === 0 ? 0 : layout.size], checkpoint[key])),
      ...Object.entries(checkpoint.kept ?? {}).map(([name, vector]) => float32Tensor(`${KEPT_PREFIX}${name}`, [vector.length], vector))
    ]
  }
}

/** A checkpoint as a sealed safetensors file, in chunks. @throws RangeError when a vector does not have the layout's size */
export function encodeCheckpoint (checkpoint: Checkpoint, layout: ParameterLayout, hash?: Sha256): Uint8Array[] {
  return encodeSafetensors(checkpointTensors(checkpoint, layout), hash)
}

/**
 * Reads a checkpoint back, bit for bit.
 *
 * @throws ShoalError CHECKPOINT_CORRUPT when the bytes are not a whole, unchanged checkpoint;
 *   CHECKPOINT_INCOMPATIBLE when they are one of another format or model
 */
export function decodeCheckpoint (bytes: Uint8Array, layout: ParameterLayout, hash?: Sha256): Checkpoint {
  const file = decodeSafetensors(bytes, hash)
  if (!file.sealed) throw corrupt('it carries no seal, so nobody can tell whether it changed')
  const moment = readMoment(file, layout)
  const vector = (name: string): Float32Array => valuesOf(file, name, [layout.size])
  const weights = new Float32Array(layout.size)
  for (const slot of layout.slots) weights.set(slotValues(file, slot), slot.offset)
  const kept = keptOf(file)
  return {
    ...moment, weights, slow: vector('slow'), momentum: momentumOf(file, layout), adamFirst: vector('adam.first'), adamSecond: vector('adam.second'),
    ...Object.keys(kept).length === 0 ? {} : { kept }
  }
}

function readMoment (file: TensorFile, layout: ParameterLayout): CheckpointMoment {
  const parsed = metadataSchema.safeParse(file.metadata)
  if (!parsed.success) throw corrupt(`its metadata lacks ${parsed.error.issues.map(issue => issue.path.join('.')).join(', ')}`)
  const { format, layoutHash: theirs, heldOutLoss, ...moment } = parsed.data
  if (format !== FORMAT) throw incompatible(`it is in the format ${format}; this version reads ${FORMAT}`)
  const ours = layoutHash(layout)
  if (theirs !== ours) throw incompatible(`its model has the layout ${theirs.slice(0, 12)}; this run's has ${ours.slice(0, 12)}`)
  return { ...moment, ...heldOutLoss === undefined ? {} : { heldOutLoss } }
}

/** What a checkpoint's header says of it, before anything else of the file is read or verified. */
export function checkpointSummary (metadata: Readonly<Record<string, string>>): { readonly runId: string | undefined, readonly heldOutLoss: number | undefined } {
  const { data } = z.object({ runId: metadataSchema.shape.runId, heldOutLoss: metadataSchema.shape.heldOutLoss }).safeParse(metadata)
  return { runId: data?.runId, heldOutLoss: data?.heldOutLoss }
}

function momentumOf (file: TensorFile, layout: ParameterLayout): Float32Array {
  const isEmpty = file.tensors.some(tensor => tensor.name === 'momentum' && tensor.bytes.length === 0)
  return valuesOf(file, 'momentum', [isEmpty ? 0 : layout.size])
}

function keptOf (file: TensorFile): Record<string, Float32Array> {
  const kept = file.tensors.filter(({ name }) => name.startsWith(KEPT_PREFIX))
  return Object.fromEntries(kept.map(tensor => [tensor.name.slice(KEPT_PREFIX.length), float32Values(tensor)]))
}

function readCounters (text: string, context: z.RefinementCtx): Record<string, number> {
  try {
    return z.record(z.string(), z.number().min(0)).parse(JSON.parse(text))
  } catch {
    context.addIssue({ code: 'custom', message: 'is no object of numbers' })
    return z.NEVER
  }
}

function slotValues (file: TensorFile, slot: TensorSlot): Float32Array {
  return valuesOf(file, `model.${slot.name}`, slot.shape)
}

function valuesOf (file: TensorFile, name: string, shape: readonly number[]): Float32Array {
  const tensor = file.tensors.find(candidate => candidate.name === name)
  if (tensor === undefined) throw corrupt(`it lacks the tensor ${name}`)
  if (tensor.shape.join() !== shape.join()) throw corrupt(`${name} has the shape [${tensor.shape.join(', ')}], not [${shape.join(', ')}]`)
  return float32Values(tensor)
}

function incompatible (why: string): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE',
    what: 'a checkpoint belongs to something else',
    why,
    tryThis: 'use the checkpoint with the run and the version that wrote it'
  })
}
