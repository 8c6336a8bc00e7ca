import { EACH_ROW, shader, threadsForRow, workgroupSum } from './shader.ts'
import type { Shader } from './shader.ts'

const EPSILON = '1e-5f'

/** Rows of a row-wise shader: their number, their width. */
const SHAPE = { rows: 'u32', width: 'u32' } as const

function eachColumn (threads: number, body: string): string {
  return `for (var column = lane; column < scalars.width; column += ${threads}u) { ${body} }`
}

/** One workgroup a row; mean first, then the deviation from it, so that a large mean costs no digits. */
export function layerNormShader (width: number): Shader {
  const threads = threadsForRow(width)
  return shader({
    name: `layerNorm${threads}`,
    writes: { y: 'f32', statistics: 'f32' },
    reads: { x: 'f32', gain: 'f32', bias: 'f32' },
    scalars: SHAPE,
    threads,
    declarations: workgroupSum('total', threads),
    body: `${EACH_ROW}
  let start = row * scalars.width;
  let size = f32(scalars.width);
  var sum = 0f;
  ${eachColumn(threads, 'sum += x[start + column];')}
  let mean = total(lane, sum) / size;
  var squares = 0f;
  ${eachColumn(threads, 'let d = x[start + column] - mean; squares += d * d;')}
  let scale = 1f / sqrt(total(lane, squares) / size + ${EPSILON});
  if (lane == 0u) { statistics[2u * row] = mean; statistics[2u * row + 1u] = scale; }
  ${eachColumn(threads, 'y[start + column] = (x[start + column] - mean) * scale * gain[column] + bias[column];')}`
  })
}

/** dx alone: the gradients of gain and bias are sums over columns. */
export function layerNormInputGradientShader (width: number): Shader {
  const threads = threadsForRow(width)
  return shader({
    name: `layerNormInputGradient${threads}`,
    writes: { dx: 'f32' },
    reads: { x: 'f32', gain: 'f32', dy: 'f32', statistics: 'f32' },
    scalars: SHAPE,
    threads,
    declarations: workgroupSum('total', threads),
    body: `${EACH_ROW}
  let start = row * scalars.width;
  let size = f32(scalars.width);
  let mean = statistics[2u * row];
  let scale = statistics[2u * row + 1u];
  var sum = 0f;
  var product = 0f;
  ${eachColumn(threads, 'let slope = dy[start + column] * gain[column]; sum += slope; product += slope * (x[start + column] - mean) * scale;')}
  let meanSlope = total(lane, sum) / size;
  let meanProduct = total(lane, product) / size;
  ${eachColumn(threads, 'dx[start + column] = scale * (dy[start + column] * gain[column] - meanSlope - (x[start + column] - mean) * scale * meanProduct);')}`
  })
}

export function rmsNormShader (width: number): Shader {
  const threads = threadsForRow(width)
  return shader({
    name: `rmsNorm${threads}`,
    writes: { y: 'f32', statistics: 'f32' },
    reads: { x: 'f32', gain: 'f32' },
    scalars: SHAPE,
    threads,
    declarations: workgroupSum('total', threads),
    body: `${EACH_ROW}
  let start = row * scalars.width;
  var squares = 0f;
  ${eachColumn(threads, 'squares += x[start + column] * x[start + column];')}
  let scale = 1f / sqrt(total(lane, squares) / f32(scalars.width) + ${EPSILON});
  if (lane == 0u) { statistics[row] = scale; }
  ${eachColumn(threads, 'y[start + column] = x[start + column] * scale * gain[column];')}`
  })
}

export function rmsNormInputGradientShader (width: number): Shader {
  const threads = threadsForRow(width)
  return shader({
    name: `rmsNormInputGradient${threads}`,
    writes: { dx: 'f32' },
    reads: { x: 'f32', gain: 'f32', dy: 'f32', statistics: 'f32' },
    scalars: SHAPE,
    threads,
    declarations: workgroupSum('total', threads),
    body: `${EACH_ROW}
  let start = row * scalars.width;
  let scale = statistics[row];
  var product = 0f;
  ${eachColumn(threads, 'product += dy[start + column] * gain[column] * x[start + column] * scale;')}
  let meanProduct = total(lane, product) / f32(scalars.width);
  ${eachColumn(threads, 'dx[start + column] = scale * (dy[start + column] * gain[column] - x[start + column] * scale * meanProduct);')}`
  })
}
