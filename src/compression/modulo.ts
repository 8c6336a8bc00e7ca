import { corrupt, dataViewOf } from './header.ts'
import { LARGEST_INDEX, MAXIMUM_WIDTH, checkStep, combined, eachOnGrid, fingerprint, valueOf } from './modulo-grid.ts'
import { BLOCK_BYTES, BitSink, BitSource, MODULO_FIXED_BYTES, draft, opened, readMissing, readModuloBody, sealed } from './modulo-messages.ts'

/**
 * Side information (Wyner and Ziv 1976; as lattice decoding in Davies et al., "New bounds for distributed mean estimation and variance reduction", ICLR 2021): the receiver
 * holds weights y near the sender's x, so only where on the grid x lies *modulo* 2^b travels,
 *
 *     q = round(x / Δ + u) ;  send q mod 2^b ;  decode to the congruent integer nearest y / Δ + u
 *
 * which is right whenever |x − y| / Δ ≤ 2^(b−1) − ½. The bits follow the spread between replicas, not the size of weights. b differs from block to block, a
 * fingerprint of 16 bits a block and one of 32 bits for everything tell where the spread was underestimated, and for those blocks alone the next
 * four bits of q are sent, until it fits.
 */
export interface ModuloSettings {
  /** Δ: the error of a decoded value is uniform within ±Δ/2. */
  readonly step: number
  /** Values that share a width, a power of two from 16 to 4096. */
  readonly block: number
  /** Of the noise u, which both sides draw. */
  readonly seed: number
}

/** Bits of q that a widening adds: another factor of 16 in spread. */
const WIDENING_BITS = 4
const CHECK_SHIFT = 16

/** The largest difference within each block: what the next exchange's bounds are made of. */
export function blockSpreads (one: Float32Array, other: Float32Array, block: number): Float32Array {
  const spreads = new Float32Array(Math.ceil(one.length / block))
  for (let index = 0; index < one.length; index++) {
    const at = Math.floor(index / block)
    spreads[at] = Math.max(spreads[at] as number, Math.abs((one[index] as number) - (other[index] as number)))
  }
  return spreads
}

/** Bits that decode any difference up to `bound`. */
function widthFor (bound: number, step: number): number {
  return Math.min(MAXIMUM_WIDTH, Math.max(0, Math.ceil(Math.log2(2 * bound / step + 1))))
}

/** One side's weights on their way to a partner. */
export class ModuloSender {
  readonly #settings: ModuloSettings
  readonly #indices: Int32Array
  readonly #decoded: Float32Array
  readonly #widths: Uint8Array

  /**
   * @param bounds how far the receiver's weights may be, one number a block
   * @throws ShoalError CODEC_CORRUPT when a weight is not finite or 2³⁰ steps from zero
   */
  constructor (values: Float32Array, bounds: Float32Array, settings: ModuloSettings) {
    const { block, seed } = settings
    const step = checkStep(Math.fround(settings.step))
    if (bounds.length !== Math.ceil(values.length / block)) throw new RangeError(`${bounds.length} bounds for ${Math.ceil(values.length / block)} blocks`)
    this.#settings = { step, block, seed: seed >>> 0 }
    this.#indices = new Int32Array(values.length)
    this.#decoded = new Float32Array(values.length)
    this.#widths = Uint8Array.from(bounds, bound => widthFor(bound, step))
    eachOnGrid(values, step, seed, (index, place, noise) => {
      if (!(Math.abs(place) < LARGEST_INDEX)) throw corrupt(`weight ${index} is ${values[index] ?? 'missing'}, too far out for steps of ${step}`)
      const nearest = Math.round(place)
      this.#indices[index] = nearest
      this.#decoded[index] = valueOf(nearest, noise, step)
    })
  }

  /** What the receiver will hold, to the bit: the Q(θ_i) of the mean-exact form. */
  get decoded (): Float32Array {
    return this.#decoded
  }

  message (): Uint8Array {
    const { step, block, seed } = this.#settings
    const blocks = this.#widths.length
    const bits = this.#widths.reduce((sum, width, index) => sum + width * this.#sizeOf(index), 0)
    const written = draft('modulo', block, this.#indices.length, seed, MODULO_FIXED_BYTES + BLOCK_BYTES * blocks + Math.ceil(bits / 8))
    const fingerprints = Uint32Array.from({ length: blocks }, (_, index) => this.#fingerprintOf(index))
    const view = dataViewOf(written.body)
    view.setFloat32(0, step, true)
    view.setUint32(4, combined(fingerprints), true)
    written.body.set(this.#widths, MODULO_FIXED_BYTES)
    fingerprints.forEach((value, index) => view.setUint16(MODULO_FIXED_BYTES + blocks + 2 * index, value >>> CHECK_SHIFT, true))
    const sink = new BitSink(written.body.subarray(MODULO_FIXED_BYTES + BLOCK_BYTES * blocks))
    this.#widths.forEach((width, index) => this.#writeBits(sink, index, 0, width))
    sink.finish()
    return sealed(written)
  }

  /**
   * The next bits of the blocks that a receiver misses.
   *
   * @param request what {@link ModuloReceiver.request} gave
   * @throws ShoalError CODEC_CORRUPT
   */
  widening (request: Uint8Array): Uint8Array {
    const { block, seed } = this.#settings
    const missing = readMissing(opened(request, 'missing', block, this.#indices.length).body, block, this.#indices.length)
    const bits = missing.reduce((sum, index) => sum + WIDENING_BITS * this.#sizeOf(index), 0)
    const written = draft('widening', block, this.#indices.length, seed, Math.ceil(bits / 8))
    const sink = new BitSink(written.body)
    for (const index of missing) {
      const width = this.#widths[index] as number
      this.#writeBits(sink, index, width, WIDENING_BITS)
      this.#widths[index] = width + WIDENING_BITS
    }
    sink.finish()
    return sealed(written)
  }

  /** A shift by 32 or more would start again from the lowest bit; the sign is all that is left there. */
  #writeBits (sink: BitSink, index: number, from: number, width: number): void {
    const start = index * this.#settings.block
    for (let at = start; at < start + this.#sizeOf(index); at++) sink.write((this.#indices[at] as number) >> Math.min(31, from) & (1 << width) - 1, width)
  }

  #fingerprintOf (index: number): number {
    const start = index * this.#settings.block
    return fingerprint(this.#indices, start, start + this.#sizeOf(index))
  }

  #sizeOf (index: number): number {
    return Math.min(this.#settings.block, this.#indices.length - index * this.#settings.block)
  }
}

/** The other side: decodes against its own weights, and asks again for what does not fit. */
export class ModuloReceiver {
  readonly #block: number
  readonly #seed: number
  readonly #step: number
  readonly #fingerprint: number
  readonly #checks: Uint16Array
  readonly #widths: Uint8Array
  readonly #residues: Float64Array
  readonly #indices: Int32Array
  readonly #decoded: Float32Array
  readonly #reference: Float32Array
  #missing: readonly number[] = []

  /** @throws ShoalError CODEC_CORRUPT when the message is damaged or of another length than `reference`, the receiver's own weights */
  constructor (message: Uint8Array, reference: Float32Array, block: number) {
    const { body, seed } = opened(message, 'modulo', block, reference.length)
    const { step, fingerprint: whole, widths, checks, residues } = readModuloBody(body, block, reference.length)
    this.#block = block
    this.#seed = seed
    this.#step = step
    this.#fingerprint = whole
    this.#checks = checks
    this.#widths = widths.slice()
    this.#reference = reference
    this.#residues = new Float64Array(reference.length)
    this.#indices = new Int32Array(reference.length)
    this.#decoded = new Float32Array(reference.length)
    const source = new BitSource(residues)
    this.#residues.forEach((_, index) => { this.#residues[index] = source.read(this.#widths[Math.floor(index / block)] as number) })
    this.#decode()
  }

  /** The sender's weights, once every fingerprint fits. */
  get decoded (): Float32Array | undefined {
    return this.#missing.length === 0 ? this.#decoded : undefined
  }

  /** Asks for more bits of what does not fit; undefined when all does. */
  request (): Uint8Array | undefined {
    if (this.#missing.length === 0) return undefined
    const written = draft('missing', this.#block, this.#reference.length, this.#seed, 4 * this.#missing.length)
    const view = dataViewOf(written.body)
    this.#missing.forEach((index, rank) => view.setUint32(4 * rank, index, true))
    return sealed(written)
  }

  /**
   * Takes in what {@link ModuloSender.widening} gave for the last {@link request}.
   *
   * @throws ShoalError CODEC_CORRUPT; also when a block fits at no width, which honest weights always do
   */
  widen (message: Uint8Array): void {
    const { body } = opened(message, 'widening', this.#block, this.#reference.length)
    const sizes = this.#missing.map(index => Math.min(this.#block, this.#reference.length - index * this.#block))
    if (body.length !== Math.ceil(sizes.reduce((sum, size) => sum + WIDENING_BITS * size, 0) / 8)) throw corrupt('the widening is of other blocks')
    if (this.#missing.some(index => (this.#widths[index] as number) > MAXIMUM_WIDTH + WIDENING_BITS)) throw corrupt('a block fits at no width')
    const source = new BitSource(body)
    this.#missing.forEach((index, rank) => {
      const start = index * this.#block
      const weight = 2 ** (this.#widths[index] as number)
      for (let at = start; at < start + (sizes[rank] as number); at++) this.#residues[at] = (this.#residues[at] as number) + weight * source.read(WIDENING_BITS)
      this.#widths[index] = (this.#widths[index] as number) + WIDENING_BITS
    })
    this.#decode()
  }

  #decode (): void {
    eachOnGrid(this.#reference, this.#step, this.#seed, (index, place, noise) => {
      const modulus = 2 ** (this.#widths[Math.floor(index / this.#block)] as number)
      const residue = this.#residues[index] as number
      const nearest = residue + modulus * Math.round((place - residue) / modulus)
      this.#indices[index] = nearest
      this.#decoded[index] = valueOf(nearest, noise, this.#step)
    })
    const fingerprints = Uint32Array.from(this.#checks, (_, index) => fingerprint(this.#indices, index * this.#block, Math.min((index + 1) * this.#block, this.#indices.length)))
    const missing = [...fingerprints.keys()].filter(index => (fingerprints[index] as number) >>> CHECK_SHIFT !== this.#checks[index])
    // Sixteen bits let one aliased block in 65,536 pass: then the whole does not fit, and nobody knows where.
    this.#missing = missing.length === 0 && combined(fingerprints) !== this.#fingerprint ? [...fingerprints.keys()] : missing
  }
}
