/** What one pass of training or evaluation looks at, row after row. */
export interface Batch {
  readonly rows: number
  /** Inputs a row: token ids, or the features of one example. */
  readonly length: number
  /** `rows × length`: int32 token ids, or float32 features. */
  readonly inputs: Int32Array | Float32Array
  /** Classes: the token that follows each input, or one label a row. */
  readonly targets: Int32Array
}

/** The batch of an inner step (32-bit natural). More rows than the sampler's own begin with the same ones. */
export type BatchSampler = (step: number, rows?: number) => Batch
