import { ShoalError } from '../errors.ts'
import { nearest } from '../text/nearest.ts'
import { vocabularyOf } from './schema.ts'
import type { AnyMethodSpec, DataSpec, InnerSpec, ModelSpec, RunManifest, TokenizerSpec } from './schema.ts'

/** Model sizes by name; `parameterCount` tells how large each is. */
export const MODEL_SIZES: Readonly<Record<string, ModelSpec>> = {
  tiny: { kind: 'gpt', layers: 4, width: 64, heads: 4, context: 64, vocabulary: 256 },
  small: { kind: 'gpt', layers: 4, width: 128, heads: 4, context: 128, vocabulary: 256 },
  medium: { kind: 'gpt', layers: 6, width: 384, heads: 6, context: 256, vocabulary: 256 },
  'gpt2-small': { kind: 'gpt', layers: 12, width: 768, heads: 12, context: 1024, vocabulary: 50_257 },
  'llama-tiny': { kind: 'llama', layers: 4, width: 64, heads: 4, groups: 2, hidden: 176, context: 64, vocabulary: 256, ropeBase: 10_000, tied: true },
  'llama-small': { kind: 'llama', layers: 4, width: 128, heads: 4, groups: 2, hidden: 344, context: 128, vocabulary: 256, ropeBase: 10_000, tied: true },
  'llama-medium': { kind: 'llama', layers: 6, width: 384, heads: 6, groups: 2, hidden: 1024, context: 256, vocabulary: 256, ropeBase: 10_000, tied: false },
  'mlp-tiny': { kind: 'mlp', inputs: 144, hidden: [256, 256], classes: 10 },
  'cnn-tiny': { kind: 'cnn', height: 12, width: 12, channels: 1, filters: [32, 64, 128], classes: 10 },
  'mlp-small': { kind: 'mlp', inputs: 784, hidden: [256, 256], classes: 10 },
  'cnn-small': { kind: 'cnn', height: 28, width: 28, channels: 1, filters: [32, 64, 128], classes: 10 }
}

/** What a person chooses about inner steps. */
export interface InnerChoices {
  /** Inner steps a peer, 0 for no end. */
  readonly steps: number
  /** Rows of a pass. */
  readonly batch: number
  readonly learningRate: number
  /** AdamW when left out. */
  readonly optimizer?: InnerSpec['optimizer']
  /** Cosine when left out. */
  readonly decay?: InnerSpec['decay']
  /** Passes a step; 1 when left out. */
  readonly accumulate?: number
  readonly batchGrowth?: InnerSpec['batchGrowth']
  /** Whether to compute layers again in the backward pass; not when left out. */
  readonly recompute?: boolean
}

/** What a person chooses about a run; the rest has defaults that train well on the default corpus. */
export interface RunChoices extends InnerChoices {
  readonly name: string
  readonly creator: string
  readonly seed: number
  /** A size by name, or the model itself. */
  readonly model: string | ModelSpec
  readonly method: AnyMethodSpec
  readonly data: DataSpec
  /** Bytes when left out; a model chosen by name gets the tokenizer's vocabulary. */
  readonly tokenizer?: TokenizerSpec
  /** Whether only holders of a key get connections; the key itself is nowhere in the manifest. */
  readonly isPrivate?: boolean
  /** Weights to start from; the seed's when left out. */
  readonly genesis?: RunManifest['genesis']
  /** Open to everybody when left out. */
  readonly admission?: RunManifest['admission']
}

/** Steps over which the learning rate rises to its full value, unless the run is too short for it. */
const WARMUP_STEPS = 50
/** Momentum that Muon was tuned with (Jordan et al. 2024); the others share AdamW's. */
const MUON_MOMENTUM = 0.95
/** A short run spends a tenth of its steps warming up. */
const WARMUP_SHARE = 0.1

/**
 * Writes the manifest of a run from a person's choices.
 *
 * @throws ShoalError USAGE for a model size that does not exist
 */
export function draftManifest (choices: RunChoices): RunManifest {
  return {
    version: 1,
    creator: choices.creator,
    name: choices.name,
    seed: choices.seed,
    model: typeof choices.model === 'string' ? sizedFor(modelOfSize(choices.model), choices.tokenizer) : choices.model,
    ...choices.genesis === undefined ? {} : { genesis: choices.genesis },
    tokenizer: choices.tokenizer ?? { kind: 'bytes' },
    data: choices.data,
    inner: draftInner(choices),
    method: choices.method,
    ...choices.isPrivate === true ? { network: 'private' as const } : {},
    budget: { steps: choices.steps },
    admission: choices.admission ?? { kind: 'open' }
  }
}

/** The inner optimizer with a person's choices and, for the rest, what trains well. */
export function draftInner ({ optimizer = 'adamw', decay = 'cosine', accumulate = 1, batchGrowth, recompute = false, learningRate, batch, steps }: InnerChoices): InnerSpec {
  return {
    optimizer,
    learningRate,
    beta1: optimizer === 'muon' ? MUON_MOMENTUM : 0.9,
    beta2: 0.99,
    epsilon: 1e-8,
    weightDecay: 0.1,
    clipNorm: 1,
    batch,
    ...accumulate === 1 ? {} : { accumulate },
    ...batchGrowth === undefined ? {} : { batchGrowth },
    ...recompute ? { recompute } : {},
    warmupSteps: warmupFor(steps),
    // Without an end there is nothing to decay towards.
    decay: steps === 0 ? 'constant' : decay
  }
}

function warmupFor (steps: number): number {
  return steps === 0 ? WARMUP_STEPS : Math.min(WARMUP_STEPS, Math.floor(steps * WARMUP_SHARE))
}

/** A tokenizer file brings its vocabulary; bytes fit into any. */
function sizedFor (model: ModelSpec, tokenizer: TokenizerSpec | undefined): ModelSpec {
  return tokenizer?.kind === 'file' && 'vocabulary' in model ? { ...model, vocabulary: vocabularyOf(tokenizer) } : model
}

/** A model by the name of its size. @throws ShoalError USAGE for a name that does not exist */
export function modelOfSize (name: string): ModelSpec {
  const model = MODEL_SIZES[name]
  if (model !== undefined) return model
  const near = nearest(name, Object.keys(MODEL_SIZES))
  throw new ShoalError({
    code: 'USAGE',
    what: `there is no model size ${name}`,
    why: `sizes are ${Object.keys(MODEL_SIZES).join(', ')}`,
    tryThis: `--model ${near ?? 'tiny'}`
  })
}
