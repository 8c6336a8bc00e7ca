/** A compute shader, and the order in which its buffers are bound: those it writes, those it reads, its scalars. */
export interface Shader {
  /** Names the code: two shaders of one name have the same text. */
  readonly name: string
  readonly code: string
  readonly writes: number
  readonly reads: number
  readonly scalars: readonly ScalarType[]
}

export type ScalarType = 'u32' | 'f32'

export interface ShaderSource {
  readonly name: string
  /** Element type of each buffer by the variable's name. */
  readonly writes: Readonly<Record<string, string>>
  readonly reads: Readonly<Record<string, string>>
  readonly scalars: Readonly<Record<string, ScalarType>>
  /** Threads of a workgroup. */
  readonly threads: number
  /** Functions and workgroup variables. */
  readonly declarations?: string
  /** What each thread does; it knows `group`, `groups` (vec3u) and `lane`, its number in the workgroup. */
  readonly body: string
}

/** Threads of a workgroup where nothing else decides: every device has at least 256. */
export const THREADS = 256

export function shader ({ name, writes, reads, scalars, threads, declarations = '', body }: ShaderSource): Shader {
  const buffers = [
    ...Object.entries(writes).map(([variable, type]) => `var<storage, read_write> ${variable}: array<${type}>;`),
    ...Object.entries(reads).map(([variable, type]) => `var<storage, read> ${variable}: array<${type}>;`),
    'var<uniform> scalars: Scalars;'
  ]
  const code = `
struct Scalars { ${Object.entries(scalars).map(([scalar, type]) => `${scalar}: ${type}`).join(', ')} }
${buffers.map((buffer, binding) => `@group(0) @binding(${binding}) ${buffer}`).join('\n')}
${declarations}
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
${body}
}`
  return { name, code, writes: Object.keys(writes).length, reads: Object.keys(reads).length, scalars: Object.values(scalars) }
}

/** Opens the body of a shader with one thread for each of `scalars.count` values. */
export const EACH_VALUE = `
  let index = (group.y * groups.x + group.x) * ${THREADS}u + lane;
  if (index >= scalars.count) { return; }`

/** Opens the body of a shader with one workgroup for each of `scalars.rows` rows; whole workgroups leave, so barriers may follow. */
export const EACH_ROW = `
  let row = group.y * groups.x + group.x;
  if (row >= scalars.rows) { return; }`

/** The float32 that is no number; WGSL has no literal for it and refuses constant expressions that give it. */
export const NOT_A_NUMBER = 0x7fc0_0000

/**
 * Declares `name(lane, value)`, which combines the values of all threads of a workgroup in a fixed order and gives each
 * thread the result.
 */
export function workgroupReduction (name: string, threads: number, combine: (a: string, b: string) => string): string {
  return `
var<workgroup> ${name}Values: array<f32, ${threads}>;
fn ${name}(lane: u32, value: f32) -> f32 {
  ${name}Values[lane] = value;
  workgroupBarrier();
  for (var span = ${threads / 2}u; span > 0u; span /= 2u) {
    if (lane < span) { ${name}Values[lane] = ${combine(`${name}Values[lane]`, `${name}Values[lane + span]`)}; }
    workgroupBarrier();
  }
  let result = ${name}Values[0];
  workgroupBarrier();
  return result;
}`
}

export function workgroupSum (name: string, threads: number): string {
  return workgroupReduction(name, threads, (a, b) => `${a} + ${b}`)
}

/** Threads for a row: a power of two, about one for four values. */
export function threadsForRow (width: number): number {
  let threads = 32
  while (threads < THREADS && 4 * threads < width) threads *= 2
  return threads
}

/** Workgroups for `count` pieces of work, folded where a device's limit on one dimension asks for it. */
export function grid (count: number, limit: number): readonly [number, number, number] {
  if (count <= limit) return [count, 1, 1]
  const side = Math.ceil(Math.sqrt(count))
  if (side > limit) throw new RangeError(`${count} workgroups are more than the device takes in one call`)
  return [side, Math.ceil(count / side), 1]
}

/** Repeats a line for the indexes below `count`: written out while that is short, so that array elements become registers. */
export function repeat (count: number, line: (index: string) => string): string {
  if (count > 32) return `for (var part = 0u; part < ${count}u; part++) { ${line('part')} }`
  return Array.from({ length: count }, (_, index) => line(`${index}u`)).join('\n')
}
