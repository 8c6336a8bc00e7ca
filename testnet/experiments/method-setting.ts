import { createHash } from 'node:crypto'
import type { PresetName } from '../../src/averaging/methods.ts'
import { methodPreset } from '../../src/averaging/methods.ts'
import { draftInner } from '../../src/manifest/draft.ts'
import type { GptSpec, InnerSpec, MethodSpec } from '../../src/manifest/schema.ts'

/** What all cells of a bench share. */
export interface Setting {
  readonly model: GptSpec
  readonly peers: number
  /** Inner steps of each peer. */
  readonly steps: number
  /** Sequences a step of each peer. */
  readonly batch: number
  /** What a step takes on the virtual clock. */
  readonly stepMs: number
  /** One way. */
  readonly latencyMs: number
  readonly heldOutBytes: number
  /** Points of a curve, the last one included. */
  readonly marks: number
  /** How documents become the peers' shards: an era each when left out. */
  readonly split?: 'iid'
  /** What everyone starts from, in place of the seed’s genesis: so many steps that one peer took beforehand, on all shards. */
  readonly beforehand?: { readonly steps: number, readonly batch: number, readonly learningRate: number }
}

/** One choice of a method's constants. */
export interface Point {
  readonly preset: PresetName
  /** Tells it from the preset's other points: `h40-rate0.008`. */
  readonly name: string
  readonly overrides: Partial<MethodSpec>
  readonly learningRate: number
  readonly optimizer: InnerSpec['optimizer']
  /** Whether the inner optimizer goes without momentum, because the method has its own. */
  readonly withoutMomentum: boolean
}

export interface Cell {
  readonly point: Point
  readonly seed: number
  /** Speed of every uplink. */
  readonly megabits: number
}

/** Everything that a cell's result depends on besides the code. */
export interface CellInputs {
  readonly setting: Setting
  readonly method: MethodSpec
  readonly inner: InnerSpec
  readonly seed: number
  readonly megabits: number
  /** SHA-256 of the corpus. */
  readonly corpus: string
}

/** Raised when results stop being comparable with those stored before. */
const RESULT_VERSION = 1

/** @throws ShoalError METHOD_CONTRADICTORY, METHOD_UNSTABLE */
export function inputsOf (setting: Setting, { point, seed, megabits }: Cell, corpus: string): CellInputs {
  return { setting, method: methodPreset(point.preset, point.overrides), inner: innerOf(setting, point), seed, megabits, corpus }
}

export function hashOf (inputs: CellInputs): string {
  return createHash('sha256').update(JSON.stringify([RESULT_VERSION, inputs])).digest('hex')
}

export function cellName ({ point, seed, megabits }: Cell): string {
  return `${point.preset}-${point.name}-seed${seed}-${megabits}mbit`
}

function innerOf ({ steps, batch }: Setting, { learningRate, optimizer, withoutMomentum }: Point): InnerSpec {
  const inner = draftInner({ steps, batch, learningRate, optimizer })
  return withoutMomentum ? { ...inner, beta1: 0 } : inner
}
