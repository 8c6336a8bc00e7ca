import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { padded } from '../../../src/codec-kernels/kernels.ts'
import { DigitReader, DigitWriter } from '../../../src/compression/digits.ts'
import { GROUP, groupKernels, groupsOf, loadDithered, loadIndices } from '../../../src/compression/modulo-group.ts'
import { PRIME, checkOf, decodedBlock, fingerprintOf, nearest, wordsOf } from './modulo-reference.ts'

const kernels = groupKernels()
const { at, group, signed, floats, doubles, shorts, bytes } = kernels

/** All of a group of blocks that share a radix: indices, what is known of them already, and the radix. */
const blocks = fc.array(fc.record({
  radix: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 2 ** 24 }), fc.constantFrom(4096, 4097, 2 ** 24 + 1, 2 ** 32)),
  known: fc.constantFrom(1, 1, 7, 64, 1000),
  indices: fc.array(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), { minLength: 16, maxLength: 16 })
}), { minLength: 1, maxLength: 20 })

/** ⌊index / known⌋ mod radix */
function digitOf (index: number, known: number, radix: number): number {
  const quotient = Math.floor(index / known)
  return quotient - radix * Math.floor(quotient / radix)
}

function written (list: ReadonlyArray<{ readonly radix: number, readonly known: number, readonly indices: readonly number[] }>, count: number): Uint8Array {
  loadIndices(kernels, Int32Array.from(list.flatMap(({ indices }) => indices).slice(0, count)), 16)
  const writer = new DigitWriter(kernels)
  writer.prepend({ count, block: 16, knowns: Float64Array.from(list, ({ known }) => known), radices: Float64Array.from(list, ({ radix }) => radix) })
  return writer.bytes()
}

describe('digits', () => {
  it('come back, whatever their radices, and are the words that rANS says', () => {
    fc.assert(fc.property(blocks, fc.nat(15), (list, cut) => {
      const count = 16 * list.length - cut
      const encoded = written(list, count)
      const digits = list.flatMap(({ radix, known, indices }) => indices.map(index => [digitOf(index, known, radix), radix] as const)).slice(0, count)
      const [even, odd, ...words] = wordsOf(digits)
      expect(encoded).toEqual(new Uint8Array([...new Uint8Array(Uint32Array.of(even!, odd!).buffer), ...new Uint8Array(Uint16Array.from(words).buffer)]))
      const reader = new DigitReader(kernels, encoded)
      doubles.fill(5, group.residues / 8, group.residues / 8 + count)
      reader.read({ count, block: 16, knowns: Float64Array.from(list, ({ known }) => known), radices: Float64Array.from(list, ({ radix }) => radix) })
      digits.forEach(([digit], index) => expect(doubles[group.residues / 8 + index]).toBe(5 + list[index >>> 4]!.known * digit))
      expect(reader.isWhole).toBe(true)
    }))
  })

  it.each([2, 3, 5, 10, 20, 37, 100, 1000])('cost log₂ %d bits', radix => {
    const list = Array.from({ length: GROUP / 16 }, (_, block) => ({ radix, known: 1, indices: Array.from({ length: 16 }, (_, index) => Math.imul(16 * block + index, 40_503) & 0x7fffffff) }))
    expect((8 * written(list, GROUP).length - 64) / GROUP / Math.log2(radix)).toBeLessThan(1.012)
  })

  it('end nowhere else', () => {
    const list = Array.from({ length: 6 }, () => ({ radix: 7, known: 1, indices: Array.from({ length: 16 }, (_, index) => index) }))
    const encoded = written(list, 96)
    for (const damaged of [encoded.subarray(0, -2), Uint8Array.from([...encoded, 0, 0]), encoded.subarray(0, 3)]) {
      const reader = new DigitReader(kernels, damaged)
      doubles.fill(0, group.residues / 8, group.residues / 8 + 96)
      reader.read({ count: 96, block: 16, knowns: new Float64Array(6).fill(1), radices: new Float64Array(6).fill(7) })
      expect(Math.max(...doubles.subarray(group.residues / 8, group.residues / 8 + 96))).toBeLessThan(7)
      expect(reader.isWhole).toBe(false)
    }
  })
})

describe('values on a grid', () => {
  it('lie where double precision says, on both sides', () => {
    const finite = fc.float32Array({ minLength: 1, maxLength: 300, noNaN: true, noDefaultInfinity: true })
    fc.assert(fc.property(finite, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), fc.nat(), (values, exactStep, seed) => {
      const step = Math.fround(exactStep)
      const [whole] = groupsOf(values.length, 16)
      loadDithered(kernels, values, seed, whole!)
      const isBeyond = kernels.valuesToGrid(at.values, padded(values.length), step, at.noise, 2 ** 30, group.indices, at.target) !== 0
      kernels.valuesToPlaces(at.values, padded(values.length), step, at.noise, 2 ** 30, group.places)
      const noise = floats.slice(at.noise / 4, at.noise / 4 + values.length)
      const expected = Array.from(values, (value, index) => nearest(value / step + noise[index]!))
      expect(isBeyond).toBe(expected.some(index => Math.abs(index) >= 2 ** 30))
      expected.forEach((index, place) => {
        expect(doubles[group.places / 8 + place]).toBe(Math.max(-(2 ** 30), Math.min(2 ** 30, values[place]! / step + noise[place]!)))
        if (Math.abs(index) >= 2 ** 30) return
        expect(signed[group.indices / 4 + place]).toBe(index === 0 ? 0 : index)
        expect(floats[at.target / 4 + place]).toBe(Math.fround(step * (index - noise[place]!)))
      })
      kernels.gridToValues(group.indices, at.noise, padded(values.length), step, at.values)
      expected.forEach((index, place) => { if (Math.abs(index) < 2 ** 30) expect(floats[at.values / 4 + place]).toBe(floats[at.target / 4 + place]) })
    }))
  })

  it.each([NaN, Infinity, -Infinity])('has no place for %d', bad => {
    const values = new Float32Array(100)
    values[77] = bad
    loadDithered(kernels, values, 1, groupsOf(100, 16)[0]!)
    expect(kernels.valuesToGrid(at.values, 112, 1, at.noise, 2 ** 30, group.indices, at.target)).toBe(1)
  })
})

describe('checks of blocks', () => {
  const wide = fc.array(fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), { minLength: 1, maxLength: 500 })

  it('and fingerprints are what a plain sum and a plain hash say', () => {
    fc.assert(fc.property(wide, fc.constantFrom(16, 64, 256), fc.nat(), (indices, block, seed) => {
      loadIndices(kernels, Int32Array.from(indices), block)
      kernels.checkBlocks(group.indices, indices.length, block, group.powers, group.checks)
      for (let start = 0; start < indices.length; start += block) expect(shorts[group.checks / 2 + start / block]).toBe(checkOf(indices.slice(start, start + block)))
      expect(kernels.fingerprint(group.indices, indices.length, seed) >>> 0).toBe(fingerprintOf(indices, seed | 0))
    }), { numRuns: 30 })
    const most = Array.from({ length: GROUP }, () => -(2 ** 30))
    loadIndices(kernels, Int32Array.from(most), GROUP)
    kernels.checkBlocks(group.indices, GROUP, GROUP, group.powers, group.checks)
    expect(shorts[group.checks / 2]).toBe(checkOf(most))
  })

  /** Residues of known indices, decoded near them: at `wrong` places so far off that a neighbour is nearer. */
  function decode (indices: readonly number[], modulus: number, wrong: ReadonlySet<number>, widening = 0): { indices: number[], standing: number, expected: ReturnType<typeof decodedBlock> } {
    const residues = indices.map(index => index - modulus * Math.floor(index / modulus))
    const places = indices.map((index, at) => index + (wrong.has(at) ? (at % 2 === 0 ? 0.55 : -0.55) : ((at * 7) % 11 / 11 - 0.5) * 0.8) * modulus)
    const check = checkOf(indices)
    loadIndices(kernels, new Int32Array(indices.length), 512)
    doubles.set(residues, group.residues / 8)
    doubles.set(places, group.places / 8)
    doubles[group.moduli / 8] = modulus
    shorts[group.checks / 2] = check
    bytes[group.standing] = 2
    bytes[group.widenings] = widening
    kernels.decodeBlocks(group.residues, group.places, indices.length, 512, group.moduli, group.checks, group.standing, group.widenings, group.powers, group.suspects, group.indices)
    return { indices: [...signed.subarray(group.indices / 4, group.indices / 4 + indices.length)], standing: bytes[group.standing]!, expected: decodedBlock(residues, places, modulus, check) }
  }

  it('find every one or two values that are a modulus off, and put them right as the plain search does', () => {
    const cases = fc.record({ indices: fc.array(fc.integer({ min: -(2 ** 28), max: 2 ** 28 }), { minLength: 3, maxLength: 500 }), modulus: fc.integer({ min: 2, max: 2 ** 24 }).filter(modulus => modulus % PRIME !== 0), wrong: fc.array(fc.nat(499), { maxLength: 4 }) })
    fc.assert(fc.property(cases, ({ indices, modulus, wrong }) => {
      const off = new Set(wrong.filter(at => at < indices.length))
      const found = decode(indices, modulus, off)
      expect(found.indices).toEqual(found.expected.indices)
      expect(found.standing).toBe(found.expected.standing)
      if (off.size <= 2) expect(found.standing).toBe(Math.min(1, off.size))
      if (off.size <= 1) expect(found.indices).toEqual(indices)
    }))
  })

  it('leave alone what they cannot explain, and what has been widened', () => {
    const indices = Array.from({ length: 64 }, (_, at) => at)
    expect(decode(indices, 32, new Set([1, 10, 20, 31, 40, 51, 60])).standing).toBe(2)
    expect(decode(indices, 32, new Set([1]), 1).standing).toBe(2)
  })
})
