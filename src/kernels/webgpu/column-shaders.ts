import { EACH_VALUE, THREADS, shader } from './shader.ts'
import type { Shader } from './shader.ts'

/** Columns and rows that a workgroup reads at a time. */
const COLUMNS = 32
const ROWS = 8

/** Columns that one workgroup sums. */
export const COLUMN_TILE = COLUMNS
/** Below this many rows, cutting them into parts gains less than the second pass costs. */
export const ROWS_PER_PART = 256

/** What is summed down the columns, by the buffers that it needs beside the shape. */
const TERMS = {
  value: { reads: { x: 'f32' }, term: 'x[place]' },
  /** The gradient of LayerNorm's gain. */
  layerNormGain: { reads: { x: 'f32', dy: 'f32', statistics: 'f32' }, term: 'dy[place] * (x[place] - statistics[2u * row]) * statistics[2u * row + 1u]' },
  /** The gradient of RMSNorm's gain. */
  rmsNormGain: { reads: { x: 'f32', dy: 'f32', statistics: 'f32' }, term: 'dy[place] * x[place] * statistics[row]' }
} as const

export type ColumnTerm = keyof typeof TERMS

/** out[part, column]: sums of a term over the rows of each part, one workgroup for each part of some columns, in a fixed order. */
export function columnSumShader (term: ColumnTerm): Shader {
  return shader({
    name: `columnSum-${term}`,
    writes: { out: 'f32' },
    reads: TERMS[term].reads,
    scalars: { rows: 'u32', width: 'u32', rowsPerPart: 'u32' },
    threads: COLUMNS * ROWS,
    declarations: `var<workgroup> sums: array<f32, ${COLUMNS * ROWS}>;`,
    body: `
  let column = (group.z * groups.x + group.x) * ${COLUMNS}u + lane % ${COLUMNS}u;
  let first = group.y * scalars.rowsPerPart;
  let last = min(first + scalars.rowsPerPart, scalars.rows);
  var sum = 0f;
  if (column < scalars.width) {
    for (var row = first + lane / ${COLUMNS}u; row < last; row += ${ROWS}u) {
      let place = row * scalars.width + column;
      sum += ${TERMS[term].term};
    }
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane < ${COLUMNS}u && column < scalars.width) {
    for (var other = 1u; other < ${ROWS}u; other++) { sum += sums[other * ${COLUMNS}u + lane]; }
    out[group.y * scalars.width + column] = sum;
  }`
  })
}

/** out[i] = Σ addends[part, i], in the order of the parts. */
export const partSumShader: Shader = shader({
  name: 'partSum',
  writes: { out: 'f32' },
  reads: { addends: 'f32' },
  scalars: { count: 'u32', parts: 'u32' },
  threads: THREADS,
  body: `${EACH_VALUE}
  var sum = 0f;
  for (var part = 0u; part < scalars.parts; part++) { sum += addends[part * scalars.count + index]; }
  out[index] = sum;`
})
