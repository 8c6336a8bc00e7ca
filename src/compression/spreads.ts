/** Weight of an exchange in what is expected of the next: partners change and each is one sample, but the spread follows learning rate and schedule within a few rounds. */
const NEWEST = 0.25
const LARGEST = 3.4028234663852886e38

/**
 * How far partners' vectors lie from a peer's own, block by block, as learned from the exchanges so far: what a {@link ReferencedCodec} takes for its next message.
 * A value: nothing in it changes, and it goes into checkpoints as it is.
 */
export interface Spreads {
  readonly block: number
  /** Root mean square of the difference, one a block. */
  readonly perBlock: Float32Array
}

/** Before any exchange: as far as the values themselves are long, which costs what sending them without a reference would. */
export function initialSpreads (values: Float32Array, block: number): Spreads {
  return { block, perBlock: blockSpreads(values, undefined, block) }
}

/**
 * After an exchange in which the partner's vector decoded to `received`.
 *
 * @param isFirst nothing but {@link initialSpreads} is known yet
 */
export function learnedSpreads ({ block, perBlock }: Spreads, own: Float32Array, received: Float32Array, isFirst = false): Spreads {
  const measured = blockSpreads(own, received, block)
  // Whatever a partner sends, it cannot make this peer's messages coarser than its vector is long.
  const longest = blockSpreads(own, undefined, own.length)[0] ?? 0
  const most = blockSpreads(own, undefined, block).map(length => Math.max(length, longest))
  const newest = isFirst ? 1 : NEWEST
  return {
    block,
    perBlock: perBlock.map((before, index) => Math.sqrt((1 - newest) * before ** 2 + newest * Math.min(measured[index] as number, most[index] as number) ** 2))
  }
}

/** Root mean square difference of each block; of `one` from zero without another. */
export function blockSpreads (one: Float32Array, other: Float32Array | undefined, block: number): Float32Array {
  const spreads = new Float32Array(Math.ceil(one.length / block))
  for (let index = 0; index < spreads.length; index++) {
    const end = Math.min(one.length, (index + 1) * block)
    let squares = 0
    for (let at = index * block; at < end; at++) squares += ((one[at] as number) - (other?.[at] ?? 0)) ** 2
    spreads[index] = Math.min(LARGEST, Math.sqrt(squares / (end - index * block)))
  }
  return spreads
}

