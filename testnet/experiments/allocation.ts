import '../../node/polyfills.ts'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { draftManifest } from '../../src/manifest/draft.ts'
import { methodPreset } from '../../src/averaging/methods.ts'
import { createCodec } from '../../src/compression/codec.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import { trainedSources } from './codec-sources.ts'
import type { Source } from './codec-sources.ts'

/**
 * `npm run bench:allocation`: bits by reverse water-filling, tensor by tensor, against one uniform step for the whole vector that costs as many bytes, on a training run's
 * own outer gradients, weights and replica differences.
 */
const AVERAGE_BITS = [0.5, 1, 2, 3, 4, 6] as const
/** Halvings of the interval in which the one step's bits are looked for. */
const BISECTIONS = 20
const MOST_BITS = 12

interface Written { readonly bytes: number, readonly error: number }

function written (values: Float32Array, spec: string, shapes: ReadonlyArray<readonly number[]>): Written {
  const codec = createCodec(spec, shapes)
  const output = new Uint8Array(codec.maximumBytes(values.length))
  const bytes = codec.encode(values, output, 1)
  const left = values.slice()
  codec.decodeAccumulate(output.subarray(0, bytes), -1, left)
  const squares = (vector: Float32Array): number => vector.reduce((sum, value) => sum + value * value, 0)
  return { bytes, error: squares(left) / squares(values) }
}

/** The finest step for all that costs no more bytes. */
function uniformAt (values: Float32Array, bytes: number): Written {
  const at = (bits: number): Written => written(values, `uniform(${bits.toFixed(6)}) | rans`, [])
  let [low, high] = [0.25, MOST_BITS]
  let best = at(low)
  for (let bisection = 0; bisection < BISECTIONS; bisection++) {
    const middle = (low + high) / 2
    const tried = at(middle)
    if (tried.bytes > bytes) high = middle
    else { low = middle; best = tried }
  }
  return best
}

/** Bits for `allocate` and, at its bytes, decibels that it is better (above zero) than the one step. */
function row ({ name, values }: Source, bits: number, shapes: ReadonlyArray<readonly number[]>): string {
  const cells = [shapes, []].flatMap(tensors => {
    const allocated = written(values, `allocate(${bits}) | rans`, tensors)
    const uniform = uniformAt(values, allocated.bytes)
    return [(8 * allocated.bytes / values.length).toFixed(2), allocated.error.toExponential(2), (10 * Math.log10(uniform.error / allocated.error)).toFixed(2)]
  })
  return `| ${[name, bits, ...cells].join(' | ')} |`
}

const { model } = draftManifest({
  name: 'allocation', creator: '00'.repeat(32), seed: 1, model: 'tiny', method: methodPreset('noloco'), steps: 1, batch: 1, learningRate: 0.001,
  data: { corpus: 'sotu', sha256: '00'.repeat(32), holdOutEvery: 10, shards: 4, split: 'era' }
})
const shapes = modelLayout(model).slots.map(({ shape }) => shape)
const sources = await trainedSources()
const page = [
  '# Does it pay to allocate bits tensor by tensor?', '',
  `Command: \`npm run bench:allocation\`. Setup: ${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}. Vectors: those of [codecs.md](codecs.md), ${shapes.length} tensors.`, '',
  '`allocate(bits) | rans` gives each tensor bits by reverse water-filling of its second moment. *Gain* is how many decibels less squared error that is than that of `uniform(…) | rans`, one step for the',
  'whole vector, at no more bytes. By tensors, as whole fragments travel in pairs, and by bands of 4096 values, as parts of them do in larger groups.', '',
  '| vector | bits asked for | by tensors: bits a value | squared error | gain, dB | by bands: bits a value | squared error | gain, dB |', '|---|---:|---:|---:|---:|---:|---:|---:|',
  ...sources.flatMap(source => AVERAGE_BITS.map(bits => row(source, bits, shapes))), ''
].join('\n')
await writeFileAtomically(join(fileURLToPath(new URL('../../../docs/results/', import.meta.url)), 'allocation.md'), [new TextEncoder().encode(page)])
process.stdout.write(page)
