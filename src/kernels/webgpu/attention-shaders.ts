import { repeat, shader } from './shader.ts'
import type { ScalarType, Shader } from './shader.ts'

/** Bytes of workgroup memory that every device has, and that one tile of two matrices may take. */
const TILE_BYTES = 16384
const VECTOR_BYTES = 16
/** Rows of a tile, at most; more would not be reused more. */
const LARGEST_TILE = 32
/** Rows that one workgroup computes, a thread each. */
const ROWS = 64

/** Where a head's vectors lie and how many of them a workgroup holds at a time. */
export interface AttentionPlan {
  readonly headWidth: number
  /** Vectors of four values in a row of a head. */
  readonly vectors: number
  /** Rows of the other side that are held in workgroup memory at a time. */
  readonly tile: number
  readonly threads: number
  /** Whether rows can be read in vectors. */
  readonly isAligned: boolean
}

/** @throws RangeError when not even two rows of a head fit into a workgroup's memory */
export function attentionPlan (length: number, headWidth: number): AttentionPlan {
  const vectors = Math.ceil(headWidth / 4)
  let tile = LARGEST_TILE
  while (tile > 1 && 2 * tile * vectors * VECTOR_BYTES > TILE_BYTES) tile /= 2
  if (2 * tile * vectors * VECTOR_BYTES > TILE_BYTES) throw new RangeError(`heads of ${headWidth} values are too wide for the webgpu backend, which takes ${TILE_BYTES / 8}`)
  return { headWidth, vectors, tile, threads: length <= ROWS / 2 ? ROWS / 2 : ROWS, isAligned: headWidth % 4 === 0 }
}

const SCALARS = { count: 'u32', length: 'u32', heads: 'u32', scale: 'f32' } as const satisfies Record<string, ScalarType>

/** A shader for pairs of a head and a tile of its rows; each thread has one row, `own`, and knows where it begins. */
function tiled (name: string, plan: AttentionPlan, buffers: { writes: string[], vectorReads: string[], reads: string[] }, declarations: string, body: string): Shader {
  const type = plan.isAligned ? 'vec4f' : 'f32'
  const plain = new Set(['statistics', 'deltas'])
  return shader({
    name: `${name}-${plan.headWidth}-${plan.threads}`,
    writes: Object.fromEntries(buffers.writes.map(write => [write, plain.has(write) ? 'f32' : type] as const)),
    reads: Object.fromEntries([...buffers.vectorReads.map(read => [read, type] as const), ...buffers.reads.map(read => [read, 'f32'] as const)]),
    scalars: SCALARS,
    threads: plan.threads,
    declarations: buffers.vectorReads.map(read => loader(plan, read)).join('\n') + declarations,
    body: `
  let work = group.y * groups.x + group.x;
  if (work >= scalars.count) { return; }
  let tiles = (scalars.length + ${plan.threads - 1}u) / ${plan.threads}u;
  let pair = work / tiles;
  let tileStart = work % tiles * ${plan.threads}u;
  let own = tileStart + lane;
  let isRow = own < scalars.length;
  let firstRow = pair / scalars.heads * scalars.length;
  let width = scalars.heads * ${plan.headWidth}u;
  let column = pair % scalars.heads * ${plan.headWidth}u;
  let ownQuery = (firstRow + own) * 3u * width + column;
  let ownResult = (firstRow + own) * width + column;
  ${body}`
  })
}

/** `<buffer>At(place, part)`: four values of a row that begins at `place`; zeros beyond the head. */
function loader ({ headWidth, vectors, isAligned }: AttentionPlan, buffer: string): string {
  const header = `fn ${buffer}At(place: u32, part: u32) -> vec4f {`
  if (isAligned) return `${header} return ${buffer}[place / 4u + part]; }`
  const values = (count: number): string => Array.from({ length: 4 }, (_, i) => i < count ? `${buffer}[at + ${i}u]` : '0f').join(', ')
  return `${header}
  let at = place + 4u * part;
  if (part == ${vectors - 1}u) { return vec4f(${values(headWidth - 4 * (vectors - 1))}); }
  return vec4f(${values(4)});
}`
}

/** Writes the four values `value` of a row that begins at `place`. */
function store ({ headWidth, vectors, isAligned }: AttentionPlan, buffer: string, place: string, value: (part: string) => string): string {
  if (isAligned) return repeat(vectors, part => `${buffer}[(${place}) / 4u + ${part}] = ${value(part)};`)
  return `for (var part = 0u; part < ${vectors}u; part++) {
    let four = ${value('part')};
    for (var i = 0u; i < 4u; i++) { if (4u * part + i < ${headWidth}u) { ${buffer}[${place} + 4u * part + i] = four[i]; } }
  }`
}

function tile (plan: AttentionPlan, ...names: string[]): string {
  return names.map(name => `var<workgroup> ${name}: array<vec4f, ${plan.tile * plan.vectors}>;`).join('\n')
}

/** Fills the tile with rows from `start`; `value` gives the vector `part` of the row `other`. */
function fill (plan: AttentionPlan, lines: readonly (readonly [name: string, value: string])[]): string {
  return `
    for (var piece = lane; piece < ${plan.tile * plan.vectors}u; piece += ${plan.threads}u) {
      let other = start + piece / ${plan.vectors}u;
      let part = piece % ${plan.vectors}u;
      if (other < scalars.length) { ${lines.map(([name, value]) => `${name}[piece] = ${value};`).join(' ')} }
    }`
}

const OTHER_QUERY = '(firstRow + other) * 3u * width + column'
const KEYS_AND_VALUES = [['keys', `qkvAt(${OTHER_QUERY} + width, part)`], ['values', `qkvAt(${OTHER_QUERY} + 2u * width, part)`]] as const

/** Σ over the parts of a·b, named `name`. */
function dot (plan: AttentionPlan, name: string, a: (part: string) => string, b: (part: string) => string): string {
  return `
      var ${name}Parts = vec4f();
      ${repeat(plan.vectors, part => `${name}Parts += ${a(part)} * ${b(part)};`)}
      let ${name} = ${name}Parts.x + ${name}Parts.y + ${name}Parts.z + ${name}Parts.w;`
}

const held = (name: string) => (part: string): string => `${name}[at + ${part}]`
const kept = (name: string) => (part: string): string => `${name}[${part}]`

function keep (plan: AttentionPlan, name: string, value: (part: string) => string): string {
  return `var ${name}: array<vec4f, ${plan.vectors}>;
  if (isRow) { ${repeat(plan.vectors, part => `${name}[${part}] = ${value(part)};`)} }`
}

/** Each thread has one query and goes through the tiles of the keys before it. */
function throughKeys (plan: AttentionPlan, body: string): string {
  return `
  let end = min(tileStart + ${plan.threads}u, scalars.length);
  for (var start = 0u; start < end; start += ${plan.tile}u) {
    ${fill(plan, KEYS_AND_VALUES)}
    workgroupBarrier();
    let visible = select(0u, min(${plan.tile}u, own + 1u - start), isRow && own >= start);
    for (var key = 0u; key < visible; key++) {
      let at = key * ${plan.vectors}u;
      ${body}
    }
    workgroupBarrier();
  }`
}

/**
 * Softmax without its matrix (FlashAttention, arXiv 2205.14135): the sum is rescaled when a larger score comes.
 * `statistics` gets the logarithm of each row's sum of exponentials, from which the gradient recomputes probabilities.
 */
export function attentionShader (plan: AttentionPlan): Shader {
  return tiled('attention', plan, { writes: ['out', 'statistics'], vectorReads: ['qkv'], reads: [] }, tile(plan, 'keys', 'values'), `
  ${keep(plan, 'query', part => `scalars.scale * qkvAt(ownQuery, ${part})`)}
  var mixed: array<vec4f, ${plan.vectors}>;
  var peak = -3e38f;
  var sum = 0f;
  ${throughKeys(plan, `${dot(plan, 'score', kept('query'), held('keys'))}
      if (score > peak) {
        let shrink = exp(peak - score);
        peak = score;
        sum *= shrink;
        ${repeat(plan.vectors, part => `mixed[${part}] *= shrink;`)}
      }
      let power = exp(score - peak);
      sum += power;
      ${repeat(plan.vectors, part => `mixed[${part}] += power * values[at + ${part}];`)}`)}
  if (isRow) {
    ${store(plan, 'out', 'ownResult', part => `mixed[${part}] / sum`)}
    statistics[pair * scalars.length + own] = peak + log(sum);
  }`)
}

/** The queries' part of the gradient; `deltas` gets Σ out · dout of each row for the keys' part. */
export function queryGradientShader (plan: AttentionPlan): Shader {
  return tiled('queryGradient', plan, { writes: ['dqkv', 'deltas'], vectorReads: ['qkv', 'out', 'dout'], reads: ['statistics'] }, tile(plan, 'keys', 'values'), `
  ${keep(plan, 'query', part => `scalars.scale * qkvAt(ownQuery, ${part})`)}
  ${keep(plan, 'slope', part => `doutAt(ownResult, ${part})`)}
  var delta = 0f;
  var shift = 0f;
  if (isRow) {
    ${repeat(plan.vectors, part => `delta += dot(slope[${part}], outAt(ownResult, ${part}));`)}
    shift = statistics[pair * scalars.length + own];
    deltas[pair * scalars.length + own] = delta;
  }
  var gradient: array<vec4f, ${plan.vectors}>;
  ${throughKeys(plan, `${dot(plan, 'score', kept('query'), held('keys'))}
      ${dot(plan, 'dprobability', kept('slope'), held('values'))}
      let dscore = exp(score - shift) * (dprobability - delta);
      ${repeat(plan.vectors, part => `gradient[${part}] += dscore * keys[at + ${part}];`)}`)}
  if (isRow) {
    ${store(plan, 'dqkv', 'ownQuery', part => `scalars.scale * gradient[${part}]`)}
  }`)
}

/** Each thread has one key and goes through the tiles of the queries from it on. */
function throughQueries (plan: AttentionPlan, body: string): string {
  return `
  for (var start = tileStart; start < scalars.length; start += ${plan.tile}u) {
    ${fill(plan, [['queries', `qkvAt(${OTHER_QUERY}, part)`], ['slopes', 'doutAt((firstRow + other) * width + column, part)']])}
    workgroupBarrier();
    let past = min(${plan.tile}u, scalars.length - start);
    for (var query = select(past, max(start, own) - start, isRow); query < past; query++) {
      let at = query * ${plan.vectors}u;
      let place = pair * scalars.length + start + query;
      ${dot(plan, 'score', kept('key'), held('queries'))}
      let probability = exp(score - statistics[place]);
      ${body}
    }
    workgroupBarrier();
  }`
}

/** The keys' part of the gradient. */
export function keyGradientShader (plan: AttentionPlan): Shader {
  return tiled('keyGradient', plan, { writes: ['dqkv'], vectorReads: ['qkv', 'dout'], reads: ['statistics', 'deltas'] }, tile(plan, 'queries', 'slopes'), `
  ${keep(plan, 'key', part => `scalars.scale * qkvAt(ownQuery + width, ${part})`)}
  ${keep(plan, 'value', part => `qkvAt(ownQuery + 2u * width, ${part})`)}
  var gradient: array<vec4f, ${plan.vectors}>;
  ${throughQueries(plan, `${dot(plan, 'dprobability', kept('value'), held('slopes'))}
      let dscore = probability * (dprobability - deltas[place]);
      ${repeat(plan.vectors, part => `gradient[${part}] += dscore * queries[at + ${part}];`)}`)}
  if (isRow) {
    ${store(plan, 'dqkv', 'ownQuery + width', part => `scalars.scale * gradient[${part}]`)}
  }`)
}

/** The values' part of the gradient; a shader of its own, because both parts together need more registers than a thread has. */
export function valueGradientShader (plan: AttentionPlan): Shader {
  return tiled('valueGradient', plan, { writes: ['dqkv'], vectorReads: ['qkv', 'dout'], reads: ['statistics'] }, tile(plan, 'queries', 'slopes'), `
  ${keep(plan, 'key', part => `scalars.scale * qkvAt(ownQuery + width, ${part})`)}
  var gradient: array<vec4f, ${plan.vectors}>;
  ${throughQueries(plan, repeat(plan.vectors, part => `gradient[${part}] += probability * slopes[at + ${part}];`))}
  if (isRow) {
    ${store(plan, 'dqkv', 'ownQuery + 2u * width', part => `gradient[${part}]`)}
  }`)
}
