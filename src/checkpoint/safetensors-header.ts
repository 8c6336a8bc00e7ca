import { z } from 'zod'
import { ShoalError } from '../errors.ts'

/** Bytes a value of each dtype takes (safetensors format). */
export const BYTES_PER_VALUE = {
  F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1
} as const

export type Dtype = keyof typeof BYTES_PER_VALUE

/** One tensor as the header describes it; `start` and `end` count from the first data byte. */
export interface Place {
  readonly name: string
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly start: number
  readonly end: number
}

export interface Header {
  readonly metadata: Readonly<Record<string, string>>
  /** In the order of their data. */
  readonly places: readonly Place[]
}

/** A header of a million parameters takes kilobytes; parsing a giant one would only serve an attacker. */
export const MAXIMUM_HEADER_BYTES = 16 * 1024 * 1024
const METADATA_KEY = '__metadata__'

const natural = z.int().min(0)
const entrySchema = z.strictObject({
  dtype: z.enum(Object.keys(BYTES_PER_VALUE) as Dtype[]),
  shape: z.array(natural).max(16),
  data_offsets: z.tuple([natural, natural])
})

/** @throws ShoalError CHECKPOINT_CORRUPT; SyntaxError or TypeError when the bytes are no JSON in UTF-8 */
export function parseHeader (bytes: Uint8Array): Header {
  if (bytes.length > MAXIMUM_HEADER_BYTES) throw corrupt(`its header of ${bytes.length} bytes is over the limit of ${MAXIMUM_HEADER_BYTES}`)
  const entries = entriesOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  if (entries === undefined) throw corrupt('its header is not a JSON object')
  const places: Place[] = []
  let metadata: Record<string, string> = {}
  for (const [name, value] of entries) {
    if (name === METADATA_KEY) metadata = parseMetadata(value)
    else places.push(parsePlace(name, value))
  }
  return { metadata, places: places.sort((a, b) => a.start - b.start || a.end - b.end) }
}

/** Every data byte belongs to exactly one tensor, as the format demands. */
export function checkPlaces (places: readonly Place[], dataBytes: number): void {
  let reached = 0
  for (const { name, dtype, shape, start, end } of places) {
    if (start !== reached) throw corrupt(`${name} begins at byte ${start} of the data, where ${reached} was expected`)
    const size = shape.reduce((product, dimension) => product * dimension, BYTES_PER_VALUE[dtype])
    if (end - start !== size) throw corrupt(`${name} has ${end - start} bytes; its shape takes ${size}`)
    reached = end
  }
  if (reached !== dataBytes) throw corrupt(`the file has ${dataBytes} bytes of data; its header describes ${reached}`)
}

export function corrupt (why: string, cause?: unknown): ShoalError {
  return new ShoalError({
    code: 'CHECKPOINT_CORRUPT',
    what: 'a checkpoint cannot be read',
    why,
    tryThis: 'use an older checkpoint of the same run; this one is left as it is',
    cause
  })
}

function parseMetadata (value: unknown): Record<string, string> {
  const entries = entriesOf(value)
  if (entries?.every((entry): entry is [string, string] => typeof entry[1] === 'string') !== true) throw corrupt('its metadata is not a map of strings')
  return Object.fromEntries(entries)
}

/** What stands in a JSON object, `__proto__` included, which a writer may use as a name like any other. */
function entriesOf (json: unknown): Array<[string, unknown]> | undefined {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? Object.entries(json) : undefined
}

function parsePlace (name: string, value: unknown): Place {
  const parsed = entrySchema.safeParse(value)
  if (!parsed.success) throw corrupt(`its header does not describe the tensor ${JSON.stringify(name.slice(0, 80))}`)
  const { dtype, shape, data_offsets: [start, end] } = parsed.data
  return { name, dtype, shape, start, end }
}
