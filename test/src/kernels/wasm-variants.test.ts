import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Kernels } from '../../../src/kernels/kernels.ts'
import { plainKernels } from '../../../src/kernels/plain-kernels.ts'
import type { NumericArray } from '../../../src/kernels/plain-kernels.ts'
import { bestInstructions, webAssembly } from '../../../src/kernels/wasm-binaries.ts'
import { instantiateKernels } from '../../../src/kernels/wasm-kernels.ts'
import type { WasmExports } from '../../../src/kernels/wasm-kernels.ts'
import { words } from '../../../src/random/words.ts'
import { distance, gaussian, seeds } from './support.ts'

/** Where a scenario's inputs and outputs lie. */
interface Arena<Address> {
  readonly kernels: Kernels<Address>
  /** Standard normal values; with `isPositive` their squares. */
  input (count: number, isPositive?: boolean): Address
  ids (count: number, below: number): Address
  output (count: number): Address
  /** Says how an address is read when the scenario is over; a value returned by a kernel counts as it is. */
  result (value: Address, count: number): void
  scalar (value: number): void
}

type Scenario = <Address>(arena: Arena<Address>, a: number, b: number, c: number) => void

const scenarios: Readonly<Record<string, Scenario>> = {
  embed (at, a, b, c) {
    const [table, positions, ids, out] = [at.input((c + 1) * a), at.input((b + 1) * a), at.ids(2 * b, c + 1), at.output(2 * b * a)]
    at.kernels.embed(table, positions, ids, out, 2 * b, b, a, c + 1)
    at.result(out, 2 * b * a)
  },
  embedGradient (at, a, b, c) {
    const [dout, ids, dtable, dpositions] = [at.input(2 * b * a), at.ids(2 * b, c + 1), at.output((c + 1) * a), at.output((b + 1) * a)]
    at.kernels.embedGradient(dout, ids, dtable, dpositions, 2 * b, b, a, c + 1, b + 1)
    at.result(dtable, (c + 1) * a)
    at.result(dpositions, (b + 1) * a)
  },
  layerNorm (at, a, b) {
    const [x, gain, bias, y, statistics] = [at.input(a * (b + 2)), at.input(b + 2), at.input(b + 2), at.output(a * (b + 2)), at.output(2 * a)]
    at.kernels.layerNorm(x, gain, bias, y, statistics, a, b + 2)
    const [dy, dx, dgain, dbias] = [at.input(a * (b + 2)), at.output(a * (b + 2)), at.output(b + 2), at.output(b + 2)]
    at.kernels.layerNormGradient(x, gain, dy, statistics, dx, dgain, dbias, a, b + 2)
    for (const [value, count] of [[y, a * (b + 2)], [dx, a * (b + 2)], [dgain, b + 2], [dbias, b + 2]] as const) at.result(value, count)
  },
  rmsNorm (at, a, b) {
    const [x, gain, y, statistics] = [at.input(a * (b + 1)), at.input(b + 1), at.output(a * (b + 1)), at.output(a)]
    at.kernels.rmsNorm(x, gain, y, statistics, a, b + 1)
    const [dy, dx, dgain] = [at.input(a * (b + 1)), at.output(a * (b + 1)), at.output(b + 1)]
    at.kernels.rmsNormGradient(x, gain, dy, statistics, dx, dgain, a, b + 1)
    for (const [value, count] of [[y, a * (b + 1)], [dx, a * (b + 1)], [dgain, b + 1]] as const) at.result(value, count)
  },
  gelu (at, a, b) {
    const [x, dy, y, dx] = [at.input(a * b), at.input(a * b), at.output(a * b), at.output(a * b)]
    at.kernels.gelu(x, y, a * b)
    at.kernels.geluGradient(x, dy, dx, a * b)
    at.result(y, a * b)
    at.result(dx, a * b)
  },
  swiglu (at, a, b) {
    const [x, dy, y, dx] = [at.input(2 * a * b), at.input(a * b), at.output(a * b), at.output(2 * a * b)]
    at.kernels.swiglu(x, y, a, b)
    at.kernels.swigluGradient(x, dy, dx, a, b)
    at.result(y, a * b)
    at.result(dx, 2 * a * b)
  },
  causalAttention (at, a, b, c) {
    const [heads, headWidth] = [a % 3 + 1, c + 1]
    const [size, square] = [2 * b * heads * headWidth, b * b]
    const [qkv, dout, out, probabilities] = [at.input(3 * size), at.input(size), at.output(size), at.output(2 * heads * square)]
    at.kernels.causalAttention(qkv, out, probabilities, 2, b, heads, headWidth)
    const [dqkv, scratch] = [at.output(3 * size), at.output(square)]
    at.kernels.causalAttentionGradient(qkv, probabilities, dout, dqkv, scratch, 2, b, heads, headWidth)
    at.result(out, size)
    at.result(probabilities, 2 * heads * square)
    at.result(dqkv, 3 * size)
  },
  crossEntropy (at, a, b) {
    const [rows, classes] = [a + 1, b + 1]
    const [logits, targets, probabilities, dlogits] = [at.input(rows * classes), at.ids(rows, classes), at.output(rows * classes), at.output(rows * classes)]
    at.scalar(at.kernels.crossEntropy(logits, targets, probabilities, rows, classes))
    at.kernels.crossEntropyGradient(probabilities, targets, dlogits, rows, classes, 0.5)
    at.result(dlogits, rows * classes)
  },
  columnSum (at, a, b) {
    const [x, out] = [at.input(a * b), at.output(b)]
    at.kernels.columnSum(x, out, a, b)
    at.result(out, b)
  },
  lookup (at, a, b, c) {
    const [table, ids, out, dout, dtable] = [at.input((c + 1) * a), at.ids(b, c + 1), at.output(b * a), at.input(b * a), at.output((c + 1) * a)]
    at.kernels.lookup(table, ids, out, b, a, c + 1)
    at.kernels.lookupGradient(dout, ids, dtable, b, a, c + 1)
    at.result(out, b * a)
    at.result(dtable, (c + 1) * a)
  },
  spreadHeads (at, a, b, c) {
    const [groups, heads, headWidth] = [a % 3 + 1, 2 * (a % 3 + 1), 2 * c]
    const [grouped, angles, qkv] = [at.input(2 * b * 2 * heads * headWidth), at.input(b * headWidth), at.output(2 * b * 3 * heads * headWidth)]
    at.kernels.spreadHeads(grouped, angles, qkv, 2 * b, b, heads, groups, headWidth)
    const [dqkv, dgrouped] = [at.input(2 * b * 3 * heads * headWidth), at.output(2 * b * 2 * heads * headWidth)]
    at.kernels.gatherHeads(dqkv, angles, dgrouped, 2 * b, b, heads, groups, headWidth)
    at.result(qkv, 2 * b * 3 * heads * headWidth)
    at.result(dgrouped, 2 * b * 2 * heads * headWidth)
  },
  optimizers (at, a, b) {
    const count = a * b
    const [weights, first, second, gradient] = [at.input(count), at.input(count), at.input(count, true), at.input(count)]
    at.kernels.adamw(weights, first, second, gradient, count, 0.5, 0.9, 0.95, 3e-3, 1.7, 1e-8, 0.999)
    at.kernels.sgd(weights, first, gradient, count, 0.5, 0.9, 3e-3, 0.999)
    at.kernels.lion(weights, first, gradient, count, 0.5, 0.9, 0.99, 3e-3, 0.999)
    at.scalar(at.kernels.squaredNorm(weights, count))
    for (const value of [weights, first, second]) at.result(value, count)
  }
}

const PAGES = 64
const PAGE_BYTES = 65536
const MOST_PAGES = 65536
/** Behind the kernels' own scratch. */
const DATA = 24 * PAGE_BYTES

/** Runs a scenario on kernels whose addresses `place` gives; the same seed draws the same inputs. */
function outcomes<Address> (
  kernels: Kernels<Address>, place: (values: NumericArray) => Address, read: (at: Address, count: number) => number[],
  seed: number, scenario: (arena: Arena<Address>) => void
): number[] {
  let drawn = 0
  const results: Array<() => number[]> = []
  const next = (): number => seed ^ drawn++
  scenario({
    kernels,
    input: (count, isPositive = false) => place(gaussian([count], next()).values.map(value => isPositive ? value * value : value)),
    ids: (count, below) => {
      const source = words(next(), 98)
      return place(Int32Array.from({ length: count }, () => source.next() % below))
    },
    output: count => place(new Float32Array(count).fill(7)),
    result: (value, count) => { results.push(() => read(value, count)) },
    scalar: value => { results.push(() => [value]) }
  })
  return results.flatMap(result => result())
}

const best = bestInstructions()
const size = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 3, max: 27 }))

describe.each([['simd', false], ['simd', true], ['relaxed', false], ['relaxed', true]] as const)('%s, shared memory %s', (instructions, isShared) => {
  const isMissing = instructions === 'relaxed' && best === 'simd'
  const reason = isMissing ? ' (this engine has no fused multiply-add)' : ''
  let kernels: WasmExports
  let buffer: ArrayBuffer

  beforeAll(async () => {
    if (isMissing) return
    const { Memory } = webAssembly as unknown as { Memory: new (limits: object) => { buffer: ArrayBuffer } }
    const memory = new Memory({ initial: PAGES, maximum: MOST_PAGES, shared: isShared })
    buffer = memory.buffer
    kernels = await instantiateKernels({ memory, isShared, allocate: () => PAGE_BYTES, free: () => undefined }, instructions)
  })

  it.skipIf(isMissing).each(Object.entries(scenarios))(`%s gives what plain JavaScript gives${reason}`, (_, scenario) => {
    expect(kernels.workspaceBytes() + PAGE_BYTES).toBeLessThan(DATA)
    fc.assert(fc.property(size, size, size, seeds, (a, b, c, seed) => {
      let end = DATA
      const guards: Float32Array[] = []
      const place = (values: NumericArray): number => {
        const address = end
        if (values instanceof Int32Array) new Int32Array(buffer, address, values.length).set(values)
        else new Float32Array(buffer, address, values.length).set(values)
        // Four sevens behind each array show what a kernel writes beyond its own.
        const guard = new Float32Array(buffer, end + 4 * values.length, 4).fill(7)
        guards.push(guard)
        end += 4 * (values.length + guard.length)
        return address
      }
      const found = outcomes(kernels, place, (at, count) => [...new Float32Array(buffer, at, count)], seed, arena => { scenario(arena, a, b, c) })
      expect(guards.every(guard => guard.every(value => value === 7))).toBe(true)
      const expected = outcomes<NumericArray>(plainKernels, values => values, values => [...values], seed, arena => { scenario(arena, a, b, c) })
      expect(distance(found, expected, 1)).toBeLessThan(3e-5)
    }), { numRuns: 40 })
  })

  it.skipIf(isMissing)(`products follow their definition${reason}`, () => {
    const deep = fc.oneof(size, fc.integer({ min: 250, max: 530 }))
    fc.assert(fc.property(size, size, deep, fc.boolean(), fc.boolean(), seeds, (rows, columns, depth, tA, tB, seed) => {
      const [a, b, bias] = [gaussian([rows * depth], seed).values, gaussian([depth * columns], seed ^ 1).values, gaussian([columns], seed ^ 2).values]
      const addresses = [a, b, bias, new Float32Array(rows * columns)].reduce<number[]>((places, values) => {
        const address = places.at(-1)!
        new Float32Array(buffer, address, values.length).set(values)
        return [...places, address + 4 * values.length]
      }, [DATA])
      const [atA = 0, atB = 0, atBias = 0, atC = 0] = addresses
      kernels.multiply(atA, tA ? 1 : depth, tA ? rows : 1, atB, tB ? 1 : columns, tB ? depth : 1, atC, columns, rows, columns, depth, atBias)
      const expected = Array.from({ length: rows * columns }, (_, index) => {
        const [i, j] = [Math.floor(index / columns), index % columns]
        let sum = bias[j]!
        for (let k = 0; k < depth; k++) sum += a[tA ? k * rows + i : i * depth + k]! * b[tB ? j * depth + k : k * columns + j]!
        return sum
      })
      expect(distance([...new Float32Array(buffer, atC, rows * columns)], expected, 1)).toBeLessThan(1e-5)
    }), { numRuns: 60 })
  })

  it.skipIf(isMissing)(`a product is rounded before its sum, or not, as the variant says${reason}`, () => {
    const x = 1 + 2 ** -12
    new Float32Array(buffer, DATA, 4).set([-(1 + 2 ** -11), x, 1, x])
    kernels.multiply(DATA, 2, 1, DATA + 8, 1, 1, DATA + 16, 1, 1, 1, 2, 0)
    expect(new Float32Array(buffer, DATA + 16, 1)[0]).toBe(instructions === 'relaxed' ? 2 ** -24 : 0)
  })
})
