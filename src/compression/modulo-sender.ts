import { padded } from '../codec-kernels/kernels.ts'
import { DigitWriter } from './digits.ts'
import { corrupt } from './header.ts'
import { LARGEST_INDEX, moduliOf, rungsFor, stepFor } from './modulo-grid.ts'
import { groupKernels, groupsOf, loadDithered, loadIndices } from './modulo-group.ts'
import type { Group, GroupKernels } from './modulo-group.ts'
import { openMessage, readWidenings, widenedBy, writeDigits, writeHead, writeMessage } from './modulo-messages.ts'
import type { ModuloSettings } from './modulo-messages.ts'
import type { ReferencedSender } from './referenced-codec.ts'

/**
 * One side's vector on its way to holders of others near it (as lattice decoding in Davies et al., "New bounds for distributed mean estimation and variance reduction", ICLR 2021):
 *
 *     q = round(x / Δ + u) ;  send q mod M ;  decode to the congruent integer nearest y / Δ + u
 *
 * which is right whenever |x − y| / Δ ≤ (M − 1) / 2. M differs from block to block; a check a block finds and repairs what left it by chance, and for blocks that it cannot
 * repair the next digits of q are sent, until it fits.
 */
export class ModuloSender implements ReferencedSender {
  readonly #settings: ModuloSettings
  readonly #seed: number
  readonly #step: number
  readonly #rungs: Uint8Array
  readonly #moduli: Float64Array
  readonly #groups: readonly Group[]
  readonly #indices: Int32Array
  readonly #escapes: Array<readonly [number, number]> = []
  readonly decoded: Float32Array

  constructor (settings: ModuloSettings, values: Float32Array, spreads: Float32Array, seed: number) {
    const blocks = Math.ceil(values.length / settings.block)
    if (spreads.length !== blocks) throw new RangeError(`${spreads.length} spreads for ${blocks} blocks`)
    this.#settings = settings
    this.#seed = seed >>> 0
    const step = this.#step = stepFor(values, spreads, settings.bits)
    this.#rungs = rungsFor(spreads, step, !settings.isEntropyCoded)
    this.#moduli = moduliOf(this.#rungs)
    this.#groups = groupsOf(values.length, settings.block)
    this.#indices = new Int32Array(values.length)
    this.decoded = new Float32Array(values.length)
    const kernels = groupKernels()
    for (const group of this.#groups) this.#quantize(kernels, values, group)
  }

  message (): Uint8Array {
    const kernels = groupKernels()
    const checks = new Uint16Array(this.#rungs.length)
    const fingerprints = new Uint32Array(this.#groups.length)
    const digits = new DigitWriter(kernels)
    const { block } = this.#settings
    const knowns = new Float64Array(this.#rungs.length).fill(1)
    for (const { number, start, count, firstBlock, endBlock } of this.#groups.toReversed()) {
      const { indices, checks: to, powers } = kernels.group
      loadIndices(kernels, this.#indices.subarray(start, start + count), block)
      fingerprints[number] = kernels.fingerprint(indices, count, start)
      kernels.checkBlocks(indices, count, block, powers, to)
      checks.set(kernels.shorts.subarray(to / 2, to / 2 + endBlock - firstBlock), firstBlock)
      digits.prepend({ count, block, knowns: knowns.subarray(firstBlock, endBlock), radices: this.#moduli.subarray(firstBlock, endBlock) })
    }
    return writeMessage(this.#settings, 'values', this.#indices.length, this.#seed, to => {
      writeHead(to, this.#settings, { step: this.#step, escapes: this.#escapes, fingerprints, checks, rungs: this.#rungs })
      writeDigits(to, digits)
    })
  }

  widening (request: Uint8Array): Uint8Array {
    const length = this.#indices.length
    const { from } = openMessage(this.#settings, 'request', length, request)
    const { to: widening, asked } = readWidenings(from, this.#settings, length)
    const { block } = this.#settings
    const knowns = this.#moduli.map((modulus, index) => modulus * widenedBy(0, Math.max(0, (asked[index] as number) - 1), modulus))
    const radices = knowns.map((known, index) => asked[index] === 0 ? 1 : widenedBy((asked[index] as number) - 1, widening, known))
    const kernels = groupKernels()
    const digits = new DigitWriter(kernels)
    for (const { start, count, firstBlock, endBlock } of this.#groups.toReversed()) {
      if (asked.subarray(firstBlock, endBlock).every(one => one === 0)) continue
      loadIndices(kernels, this.#indices.subarray(start, start + count), block)
      digits.prepend({ count, block, knowns: knowns.subarray(firstBlock, endBlock), radices: radices.subarray(firstBlock, endBlock) })
    }
    return writeMessage(this.#settings, 'widening', length, this.#seed, to => writeDigits(to, digits))
  }

  #quantize (kernels: GroupKernels, values: Float32Array, group: Group): void {
    const { at, group: { indices }, floats, signed } = kernels
    const { start, count } = group
    loadDithered(kernels, values, this.#seed, group)
    const hasEscapes = kernels.valuesToGrid(at.values, padded(count), this.#step, at.noise, LARGEST_INDEX, indices, at.target) !== 0
    this.#indices.set(signed.subarray(indices / 4, indices / 4 + count), start)
    this.decoded.set(floats.subarray(at.target / 4, at.target / 4 + count), start)
    if (hasEscapes) this.#collectEscapes(values, group)
  }

  #collectEscapes (values: Float32Array, { start, count }: Group): void {
    for (let index = start; index < start + count; index++) {
      const value = values[index] as number
      if (!Number.isFinite(value)) throw corrupt(`weight ${index} of ${values.length} is ${value}`)
      if (Math.abs(this.#indices[index] as number) < LARGEST_INDEX) continue
      this.#escapes.push([index, value])
      this.#indices[index] = 0
      this.decoded[index] = value
    }
  }
}
