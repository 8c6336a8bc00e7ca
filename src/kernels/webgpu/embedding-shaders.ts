import { EACH_ROW, EACH_VALUE, THREADS, shader, threadsForRow, workgroupReduction } from './shader.ts'
import type { Shader } from './shader.ts'

/** out[i] = table[ids[i]], plus positions[i mod length] when asked; no number where the id is outside the table. */
function gathering (name: string, positions: Record<string, string>, added: string): Shader {
  return shader({
    name,
    writes: { out: 'f32' },
    reads: { table: 'f32', ...positions, ids: 'i32' },
    scalars: { count: 'u32', width: 'u32', vocabulary: 'u32', length: 'u32', invalid: 'u32' },
    threads: THREADS,
    body: `${EACH_VALUE}
  let row = index / scalars.width;
  let column = index % scalars.width;
  let id = ids[row];
  var value = bitcast<f32>(scalars.invalid);
  if (id >= 0 && u32(id) < scalars.vocabulary) { value = table[u32(id) * scalars.width + column]${added}; }
  out[index] = value;`
  })
}

export const lookupShader = gathering('lookup', {}, '')
export const embedShader = gathering('embed', { positions: 'f32' }, ' + positions[row % scalars.length * scalars.width + column]')

/** Columns that one thread adds while it looks through the ids. */
const COLUMNS_PER_THREAD = 4

/**
 * Adds the slopes of equal ids into one row of a table of zeros: the workgroup of an id's first occurrence adds them in
 * the order in which they stand, the others leave, so that no sum depends on timing.
 */
export function scatterAddShader (width: number): Shader {
  const threads = threadsForRow(width)
  const eachColumn = (line: (column: string) => string): string => Array.from({ length: COLUMNS_PER_THREAD }, (_, part) => line(`${part}u`)).join('\n')
  return shader({
    name: `scatterAdd${threads}`,
    writes: { dtable: 'f32' },
    reads: { dout: 'f32', ids: 'i32' },
    scalars: { rows: 'u32', width: 'u32', vocabulary: 'u32' },
    threads,
    declarations: workgroupReduction('largest', threads, (a, b) => `max(${a}, ${b})`),
    body: `${EACH_ROW}
  let id = ids[row];
  if (id < 0 || u32(id) >= scalars.vocabulary) { return; }
  var found = 0f;
  for (var earlier = lane; earlier < row; earlier += ${threads}u) { if (ids[earlier] == id) { found = 1f; } }
  if (largest(lane, found) > 0f) { return; }
  for (var start = lane; start < scalars.width; start += ${COLUMNS_PER_THREAD * threads}u) {
    var sums = array<f32, ${COLUMNS_PER_THREAD}>();
    for (var other = row; other < scalars.rows; other++) {
      if (ids[other] != id) { continue; }
      ${eachColumn(part => `if (start + ${part} * ${threads}u < scalars.width) { sums[${part}] += dout[other * scalars.width + start + ${part} * ${threads}u]; }`)}
    }
    ${eachColumn(part => `if (start + ${part} * ${threads}u < scalars.width) { dtable[u32(id) * scalars.width + start + ${part} * ${threads}u] = sums[${part}]; }`)}
  }`
  })
}

/** dpositions[p] = Σ dout over the rows at position p of their sequences; zero beyond the sequences' length. */
export const positionSumShader: Shader = shader({
  name: 'positionSum',
  writes: { dpositions: 'f32' },
  reads: { dout: 'f32' },
  scalars: { count: 'u32', width: 'u32', length: 'u32', rows: 'u32' },
  threads: THREADS,
  body: `${EACH_VALUE}
  var sum = 0f;
  if (index / scalars.width < scalars.length) {
    for (var row = index / scalars.width; row < scalars.rows; row += scalars.length) { sum += dout[row * scalars.width + index % scalars.width]; }
  }
  dpositions[index] = sum;`
})
