import { shader } from './shader.ts'
import type { Shader } from './shader.ts'

/** Depth of a tile: two tiles of 128 rows take the 16 KiB of workgroup memory that every device has. */
const DEPTH = 16
/** Workgroups from which on a device is busy; below, smaller tiles or a divided depth make more. */
const BUSY = 96
/** A part of the depth shorter than this is not worth its own pass over the result. */
const SHORTEST_PART = 256

/** Edge of the square that a workgroup computes, and the vectors of four that a thread has of each side. */
const TILES = [{ edge: 128, reach: 2 }, { edge: 64, reach: 2 }, { edge: 32, reach: 1 }] as const

export interface ProductShape {
  readonly batch: number
  readonly rows: number
  readonly columns: number
  readonly depth: number
  readonly transposeA: boolean
  readonly transposeB: boolean
  readonly hasBias: boolean
}

export interface ProductPlan {
  readonly edge: number
  readonly reach: number
  /** Parts of the depth, which are summed afterwards; more than one only without batch and bias. */
  readonly parts: number
  /** Depth of a part, a multiple of the tile's. */
  readonly partDepth: number
}

/** The largest tile that keeps a device busy; for a small result of a great depth, the depth is divided as well. */
export function planProduct ({ batch, rows, columns, depth, hasBias }: ProductShape): ProductPlan {
  const count = (edge: number): number => Math.ceil(rows / edge) * Math.ceil(columns / edge) * batch
  const { edge, reach } = TILES.find(tile => count(tile.edge) >= BUSY) ?? TILES[2]
  const wanted = batch > 1 || hasBias ? 1 : Math.min(Math.ceil(BUSY / Math.max(1, count(edge))), Math.floor(depth / SHORTEST_PART))
  const partDepth = Math.ceil(Math.ceil(depth / Math.max(1, wanted)) / DEPTH) * DEPTH
  return { edge, reach, partDepth, parts: Math.max(1, Math.ceil(depth / Math.max(1, partDepth))) }
}

/** How one operand is stored: along its own rows (or columns of the result), or along the depth. */
interface Operand {
  readonly name: 'a' | 'b'
  /** The scalar that counts its rows in the result, rows or columns. */
  readonly extent: 'rows' | 'columns'
  readonly isAlongDepth: boolean
  readonly isVector: boolean
}

/**
 * out[z] = A · B over one part of the depth, plus a bias a column when asked: tiles of both in workgroup memory, depth
 * first, and a square of 4·reach values a side in each thread's registers.
 */
export function productShader (shape: ProductShape, { edge, reach }: ProductPlan): Shader {
  const { rows, columns, depth, transposeA, transposeB, hasBias } = shape
  const a: Operand = { name: 'a', extent: 'rows', isAlongDepth: !transposeA, isVector: (transposeA ? rows : depth) % 4 === 0 }
  const b: Operand = { name: 'b', extent: 'columns', isAlongDepth: transposeB, isVector: (transposeB ? depth : columns) % 4 === 0 }
  const side = edge / 4 / reach
  const isVector = columns % 4 === 0
  const kind = `${transposeA ? 't' : 'n'}${transposeB ? 't' : 'n'}${hasBias ? '-bias' : ''}`
  const alignment = [a.isVector, b.isVector, isVector].every(Boolean) ? '' : `-odd${[a.isVector, b.isVector, isVector].map(Number).join('')}`
  return shader({
    name: `product${edge}-${kind}${alignment}`,
    writes: { out: isVector ? 'vec4f' : 'f32' },
    reads: { a: a.isVector ? 'vec4f' : 'f32', b: b.isVector ? 'vec4f' : 'f32', ...hasBias ? { bias: 'f32' } : {} },
    scalars: { rows: 'u32', columns: 'u32', depth: 'u32', partDepth: 'u32', parts: 'u32', aStep: 'u32', bStep: 'u32' },
    threads: side * side,
    declarations: tileOf(a, edge) + tileOf(b, edge),
    body: `
  let matrix = group.z / scalars.parts;
  let firstDepth = group.z % scalars.parts * scalars.partDepth;
  let lastDepth = min(firstDepth + scalars.partDepth, scalars.depth);
  let x = lane % ${side}u;
  let y = lane / ${side}u;
  var sums: array<vec4f, ${4 * reach * reach}>;
  for (var depth = firstDepth; depth < lastDepth; depth += ${DEPTH}u) {
    for (var block = lane; block < ${2 * blocks(edge)}u; block += ${side * side}u) {
      if (block < ${blocks(edge)}u) { aFill(block, group.x * ${edge}u, depth, lastDepth, matrix * scalars.aStep); }
      else { bFill(block - ${blocks(edge)}u, group.y * ${edge}u, depth, lastDepth, matrix * scalars.bStep); }
    }
    workgroupBarrier();
    for (var k = 0u; k < ${DEPTH}u; k++) {
      ${innerProduct(edge, reach)}
    }
    workgroupBarrier();
  }
  ${writeSums(edge, reach, isVector, hasBias)}`
  })
}

/** Squares of 4 × 4 values in an operand's tile. */
function blocks (edge: number): number {
  return edge * DEPTH / 16
}

/**
 * An operand's tile, [depth, edge] in vectors along the edge, and how one square of it is filled; zeros beyond the matrix.
 * What lies outside the buffer is read without harm, as WebGPU promises, and then not taken: cheaper than a branch.
 */
function tileOf ({ name, extent, isAlongDepth, isVector }: Operand, edge: number): string {
  const vectors = edge / 4
  const [line, place] = isAlongDepth ? ['start', 'depth'] : ['depth', 'start']
  const [lines, places] = isAlongDepth ? [`scalars.${extent}`, 'lastDepth'] : ['lastDepth', `scalars.${extent}`]
  const stride = isAlongDepth ? 'scalars.depth' : `scalars.${extent}`
  const index = `origin + line * ${stride} + place`
  const read = isVector
    ? `select(vec4f(), ${name}[(${index}) / 4u], line < lines && place < places)`
    : `select(vec4f(), vec4f(${[0, 1, 2, 3].map(i => `${name}[${index} + ${i}u]`).join(', ')}), vec4<bool>(line < lines) & (vec4u(place) + vec4u(0u, 1u, 2u, 3u) < vec4u(places)))`
  const reads = [0, 1, 2, 3].map(i => `let v${i} = ${name}Read(${line} + ${i}u, ${place}, ${lines}, ${places}, origin);`).join('\n  ')
  const writes = [0, 1, 2, 3].map(i => {
    const four = isAlongDepth ? `vec4f(v0[${i}], v1[${i}], v2[${i}], v3[${i}])` : `v${i}`
    return `${name}Tile[(4u * deep + ${i}u) * ${vectors}u + across] = ${four};`
  }).join('\n  ')
  return `
var<workgroup> ${name}Tile: array<vec4f, ${DEPTH * vectors}>;
fn ${name}Read(line: u32, place: u32, lines: u32, places: u32, origin: u32) -> vec4f {
  return ${read};
}
fn ${name}Fill(block: u32, tileStart: u32, tileDepth: u32, lastDepth: u32, origin: u32) {
  let deep = ${isAlongDepth ? `block % ${DEPTH / 4}u` : `block / ${vectors}u`};
  let across = ${isAlongDepth ? `block / ${DEPTH / 4}u` : `block % ${vectors}u`};
  let start = tileStart + 4u * across;
  let depth = tileDepth + 4u * deep;
  ${reads}
  ${writes}
}`
}

function times (count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => line(index)).join('\n      ')
}

function innerProduct (edge: number, reach: number): string {
  const vectors = edge / 4
  const load = (name: string, at: string): string => times(reach, r => `let ${name}${r} = ${name}Tile[k * ${vectors}u + ${r * vectors / reach}u + ${at}];`)
  const multiply = times(reach, r => times(4, c => times(reach, s => `sums[${(4 * r + c) * reach + s}] += a${r}[${c}] * b${s};`)))
  return [load('a', 'y'), load('b', 'x'), multiply].join('\n      ')
}

function writeSums (edge: number, reach: number, isVector: boolean, hasBias: boolean): string {
  return times(reach, r => times(4, c => times(reach, s => `{
    let row = group.x * ${edge}u + ${r * edge / reach + c}u + 4u * y;
    let column = group.y * ${edge}u + ${s * edge / reach}u + 4u * x;
    if (row < scalars.rows && column < scalars.columns) {
      var four = sums[${(4 * r + c) * reach + s}];
      ${hasBias ? 'for (var i = 0u; i < 4u; i++) { if (column + i < scalars.columns) { four[i] += bias[column + i]; } }' : ''}
      let place = (group.z * scalars.rows + row) * scalars.columns + column;
      ${isVector ? 'out[place / 4u] = four;' : 'for (var i = 0u; i < 4u; i++) { if (column + i < scalars.columns) { out[place + i] = four[i]; } }'}
    }
  }`)))
}
