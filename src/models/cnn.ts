import { gelu, layerNorm, linear } from '../kernels/fused-operations.ts'
import { patches, poolMean } from '../kernels/image-operations.ts'
import type { ImageShape } from '../kernels/image-operations.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { CnnSpec } from '../manifest/schema.ts'
import { classHead } from './mlp.ts'
import type { Stage } from './stage.ts'

/**
 * A small convolutional classifier: 3 × 3 filters, LayerNorm over each pixel's channels and GELU in each stage, a halving by the mean of 2 × 2
 * pixels between two, the mean of all pixels at the end, and a linear head.
 *
 * @param images [rows, height · width · channels], channels of a pixel side by side
 * @returns the chain from images to logits [rows, classes]
 */
export function cnnStages (spec: CnnSpec, images: Tensor): Stage[] {
  const [rows = 0] = images.shape
  const stage = (index: number): Stage => (parameters, x) => {
    const shrink = 2 ** index
    const shape = { rows, height: spec.height / shrink, width: spec.width / shrink, channels: spec.filters[index - 1] ?? spec.channels }
    const own = (name: string): Tensor => parameters(`layer.${index}.${name}`)
    const filtered = linear(patches(x, shape), own('filters.weight'), own('filters.bias'))
    const pixels = gelu(layerNorm(filtered, own('norm.gain'), own('norm.bias')))
    const given = { ...shape, channels: spec.filters[index] ?? spec.channels }
    return index + 1 < spec.filters.length ? halve(pixels, given) : poolMean(pixels, rows, given.height * given.width)
  }
  return [...spec.filters.map((_, index) => stage(index)), classHead]
}

/** The mean of each 2 × 2 pixels: first of neighbours in a row, then of the two rows. */
function halve (x: Tensor, { rows, height, width, channels }: ImageShape): Tensor {
  const narrow = poolMean(x, rows * height * width / 2, 2)
  return poolMean(narrow, rows * height / 2, 2, width / 2 * channels)
}
