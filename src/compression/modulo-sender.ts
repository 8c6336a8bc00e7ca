import { DigitWriter } from './digits.ts'
import { corrupt } from './header.ts'
import { blockCheck, groupFingerprint } from './modulo-checks.ts'
import { LARGEST_INDEX, eachOnGrid, modulusOf, rungFor, stepFor, valueOf } from './modulo-grid.ts'
import { GROUP, openMessage, readWidenings, widenedBy, writeHead, writeMessage } from './modulo-messages.ts'
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
  readonly #indices: Int32Array
  readonly #escapes: Array<readonly [number, number]> = []
  readonly decoded: Float32Array

  constructor (settings: ModuloSettings, values: Float32Array, spreads: Float32Array, seed: number) {
    const blocks = Math.ceil(values.length / settings.block)
    if (spreads.length !== blocks) throw new RangeError(`${spreads.length} spreads for ${blocks} blocks`)
    this.#settings = settings
    this.#seed = seed >>> 0
    const step = this.#step = stepFor(values, spreads, settings.bits)
    this.#rungs = Uint8Array.from(spreads, spread => rungFor(spread, step, !settings.isEntropyCoded))
    this.#indices = new Int32Array(values.length)
    this.decoded = new Float32Array(values.length)
    eachOnGrid(values, step, this.#seed, (index, place, noise) => {
      const value = values[index] as number
      if (!Number.isFinite(value)) throw corrupt(`weight ${index} of ${values.length} is ${value}`)
      const nearest = Math.round(place)
      if (Math.abs(nearest) >= LARGEST_INDEX) {
        this.#escapes.push([index, value])
        this.decoded[index] = value
      } else {
        this.#indices[index] = nearest
        this.decoded[index] = valueOf(nearest, noise, step)
      }
    })
  }

  message (): Uint8Array {
    const { block } = this.#settings
    const length = this.#indices.length
    return writeMessage(this.#settings, 'values', length, this.#seed, to => {
      const within = (size: number) => (_: unknown, index: number) => [index * size, Math.min(length, (index + 1) * size)] as const
      writeHead(to, this.#settings, {
        step: this.#step,
        escapes: this.#escapes,
        fingerprints: Uint32Array.from(Array.from({ length: Math.ceil(length / GROUP) }, within(GROUP)), ([start, end]) => groupFingerprint(this.#indices, start, end)),
        checks: Uint16Array.from(Array.from(this.#rungs, within(block)), ([start, end]) => blockCheck(this.#indices, start, end)),
        rungs: this.#rungs
      })
      const digits = new DigitWriter(length)
      this.#rungs.forEach((rung, index) => this.#writeDigits(digits, index, 1, modulusOf(rung)))
      const bytes = digits.bytes()
      to.bytes.set(bytes, to.at)
      to.at += bytes.length
    })
  }

  widening (request: Uint8Array): Uint8Array {
    const length = this.#indices.length
    const { from } = openMessage(this.#settings, 'request', length, request)
    const { to: widening, asked } = readWidenings(from, this.#settings, length)
    return writeMessage(this.#settings, 'widening', length, this.#seed, to => {
      const digits = new DigitWriter(length)
      asked.forEach((one, index) => {
        if (one === 0) return
        const modulus = modulusOf(this.#rungs[index] as number)
        const known = modulus * widenedBy(0, one - 1, modulus)
        this.#writeDigits(digits, index, known, widenedBy(one - 1, widening, known))
      })
      const bytes = digits.bytes()
      to.bytes.set(bytes, to.at)
      to.at += bytes.length
    })
  }

  /** ⌊q / known⌋ mod radix of each value of a block. */
  #writeDigits (digits: DigitWriter, index: number, known: number, radix: number): void {
    const start = index * this.#settings.block
    const end = Math.min(start + this.#settings.block, this.#indices.length)
    for (let at = start; at < end; at++) {
      const quotient = Math.floor((this.#indices[at] as number) / known)
      digits.write(quotient - radix * Math.floor(quotient / radix), radix)
    }
  }
}
