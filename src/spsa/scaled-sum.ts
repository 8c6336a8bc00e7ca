import { CHUNK, noiseKernels } from '../noise-kernels/kernels.ts'

/** value ← fround(value + unit · integer), product and sum in double precision, the same on every machine. */
export function plainAddScaled (values: Float32Array, integers: Int32Array, unit: number): void {
  for (let index = 0; index < values.length; index++) values[index] = (values[index] as number) + unit * (integers[index] as number)
}

function compiledAddScaled (values: Float32Array, integers: Int32Array, unit: number): void {
  const kernels = noiseKernels()
  const { at, floats, words } = kernels
  for (let start = 0; start < values.length; start += CHUNK) {
    const count = Math.min(CHUNK, values.length - start)
    floats.set(values.subarray(start, start + count), at.values / 4)
    words.set(integers.subarray(start, start + count), at.integers / 4)
    kernels.moveFloats(at.integers, (count + 3) & ~3, unit, at.values)
    values.set(floats.subarray(at.values / 4, at.values / 4 + count), start)
  }
}

/** `plainAddScaled` as fast as this machine can. */
export const addScaled = 'WebAssembly' in globalThis ? compiledAddScaled : plainAddScaled
