/** What AdamW needs besides its vectors; bias correction and schedule are folded in. */
export interface AdamwCoefficients {
  /** Factor on the gradient: 1, or less where the global norm is clipped. */
  readonly scale: number
  readonly beta1: number
  readonly beta2: number
  /** Learning rate over 1 − β₁ᵗ. */
  readonly rate: number
  /** 1 over 1 − β₂ᵗ. */
  readonly correction: number
  readonly epsilon: number
  /** Factor on the weights, 1 − learning rate · weight decay. */
  readonly keep: number
}

/** What SGD needs besides its vectors. */
export interface SgdCoefficients {
  readonly scale: number
  readonly momentum: number
  readonly rate: number
  readonly keep: number
}

/** What Lion needs besides its vectors. */
export interface LionCoefficients {
  readonly scale: number
  readonly beta1: number
  readonly beta2: number
  readonly rate: number
  readonly keep: number
}

/**
 * The computations of training, over flat row-major float32 memory (ids and targets int32). An `Address` says where a tensor
 * begins: a byte offset for the WebAssembly kernels, a typed array for the plain ones. Every output is written whole.
 */
export interface Kernels<Address> {
  /** out[count × width] = table[ids] + positions[index mod length]; an id outside the table gives NaN. */
  embed (table: Address, positions: Address, ids: Address, out: Address, count: number, length: number, width: number, vocabulary: number): void
  embedGradient (dout: Address, ids: Address, dtable: Address, dpositions: Address, count: number, length: number, width: number, vocabulary: number, context: number): void
  /** Layer normalisation over the last axis, ε = 1e-5; `statistics` gets mean and reciprocal deviation of each row. */
  layerNorm (x: Address, gain: Address, bias: Address, y: Address, statistics: Address, rows: number, width: number): void
  layerNormGradient (x: Address, gain: Address, dy: Address, statistics: Address, dx: Address, dgain: Address, dbias: Address, rows: number, width: number): void
  /** GELU in its tanh form (arXiv 1606.08415). */
  gelu (x: Address, y: Address, count: number): void
  geluGradient (x: Address, dy: Address, dx: Address, count: number): void
  /** Causal attention on rows of queries, keys and values (width 3 · heads · headWidth); keeps [batch · heads, length, length] probabilities. */
  causalAttention (qkv: Address, out: Address, probabilities: Address, batch: number, length: number, heads: number, headWidth: number): void
  /** `scratch` holds length × length values. */
  causalAttentionGradient (qkv: Address, probabilities: Address, dout: Address, dqkv: Address, scratch: Address, batch: number, length: number, heads: number, headWidth: number): void
  /** Mean nats per row; keeps the softmax. A target outside the classes gives NaN. */
  crossEntropy (logits: Address, targets: Address, probabilities: Address, rows: number, classes: number): number
  crossEntropyGradient (probabilities: Address, targets: Address, dlogits: Address, rows: number, classes: number, factor: number): void
  columnSum (x: Address, out: Address, rows: number, width: number): void
  /** out[count × width] = table[ids]; an id outside the table gives NaN. */
  lookup (table: Address, ids: Address, out: Address, count: number, width: number, vocabulary: number): void
  lookupGradient (dout: Address, ids: Address, dtable: Address, count: number, width: number, vocabulary: number): void
  /** Division by the root mean square of the last axis (arXiv 1910.07467), ε = 1e-5; `statistics` gets the reciprocal of each row. */
  rmsNorm (x: Address, gain: Address, y: Address, statistics: Address, rows: number, width: number): void
  rmsNormGradient (x: Address, gain: Address, dy: Address, statistics: Address, dx: Address, dgain: Address, rows: number, width: number): void
  /** g·σ(g)·u for rows of `hidden` gates g and then `hidden` values u. */
  swiglu (x: Address, y: Address, rows: number, hidden: number): void
  swigluGradient (x: Address, dy: Address, dx: Address, rows: number, hidden: number): void
  /**
   * Rows of `heads` queries, `groups` keys and `groups` values become rows of `heads` queries, keys and values: queries and
   * keys turned by their position (arXiv 2104.09864), keys and values repeated (arXiv 2305.13245). A row of
   * `angles` [length, headWidth] holds the cosines and then the sines of one position.
   */
  spreadHeads (grouped: Address, angles: Address, qkv: Address, count: number, length: number, heads: number, groups: number, headWidth: number): void
  /** The transposed of `spreadHeads`. */
  gatherHeads (dqkv: Address, angles: Address, dgrouped: Address, count: number, length: number, heads: number, groups: number, headWidth: number): void
  /** Σ x² in double precision. */
  squaredNorm (x: Address, count: number): number
  /** One AdamW step in place; see `AdamwCoefficients` for the scalars. The same bits from every implementation. */
  adamw (weights: Address, first: Address, second: Address, gradient: Address, count: number, scale: number, beta1: number, beta2: number, rate: number, correction: number, epsilon: number, keep: number): void
  /** m ← momentum·m + scale·g, w ← keep·w − rate·m, in place. The same bits from every implementation. */
  sgd (weights: Address, first: Address, gradient: Address, count: number, scale: number, momentum: number, rate: number, keep: number): void
  /** w ← keep·w − rate·sign(β₁m + (1−β₁)g), m ← β₂m + (1−β₂)g, in place. The same bits from every implementation. */
  lion (weights: Address, first: Address, gradient: Address, count: number, scale: number, beta1: number, beta2: number, rate: number, keep: number): void
}
