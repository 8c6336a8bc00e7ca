import type { RunManifest } from '../../src/manifest/schema.ts'

/** A small valid manifest for tests; override what matters to the test. */
export function exampleManifest (overrides: Partial<RunManifest> = {}): RunManifest {
  return {
    version: 1,
    creator: '00'.repeat(32),
    name: 'example',
    seed: 1,
    model: { kind: 'gpt', layers: 1, width: 16, heads: 2, context: 16, vocabulary: 256 },
    tokenizer: { kind: 'bytes' },
    data: { corpus: 'sotu', sha256: '11'.repeat(32), holdOutEvery: 10, shards: 4, split: 'era' },
    inner: {
      optimizer: 'adamw', learningRate: 0.002, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01,
      clipNorm: 1, batch: 2, warmupSteps: 10, decay: 'constant'
    },
    method: {
      groupSize: 2, fragments: 1, everySteps: 5, overlapSteps: 0,
      outer: { kind: 'noloco', learningRate: 0.7, momentum: 0.5 }, codec: 'int8(64)', graceMs: 10_000
    },
    budget: { steps: 20 },
    admission: { kind: 'open' },
    ...overrides
  }
}
