import { reasonOf, ShoalError } from '../errors.ts'

/** What is dealt to shards or held out as one: a record's text, or a stretch of a file. */
export interface Piece {
  /** Pieces of a label stay together where a run is split by label. */
  readonly label: string
  readonly text: Uint8Array
  /** Whether the text goes on where the piece before it ended. */
  readonly continues: boolean
}

/** How a file is read: as records with a field of text, or as text as it stands. */
export interface PieceRules {
  readonly field?: string | undefined
  /** A field of records; the file's name when left out. */
  readonly label?: string | undefined
  /** Length to which text is cut at the next line end; see `pieceBytesFor`. */
  readonly pieceBytes: number
}

/** A record longer than this is not one: its line is held in memory. */
export const MAXIMUM_LINE_BYTES = 16 * 1024 * 1024
/** A thousand pieces split and hold out finely; shorter ones would cut sentences from their context, longer ones cost memory. */
const PIECES_WANTED = 1024
const SHORTEST_PIECE_BYTES = 1024
const LONGEST_PIECE_BYTES = 65_536
/** Text without line ends is cut here at the latest, in pieces. */
const WITHOUT_LINE_END = 2
const LINE_FEED = 10

/** The length of pieces for a text of so many bytes, the same on every peer. */
export function pieceBytesFor (bytes: number): number {
  return Math.min(LONGEST_PIECE_BYTES, Math.max(SHORTEST_PIECE_BYTES, Math.floor(bytes / PIECES_WANTED)))
}

/** Whether a file holds records, one JSON object a line, by its name. */
export function holdsRecords (name: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(name)
}

/**
 * The pieces of one file, in order. Together they hold every byte of a text, or the text of every record.
 *
 * @param chunks the file's bytes; a chunk is not kept
 * @throws ShoalError DATA_INVALID, with file and line, for a record that has no text, or text that has no such label
 */
export async function * piecesOf (name: string, chunks: AsyncIterable<Uint8Array>, rules: PieceRules): AsyncGenerator<Piece> {
  if (holdsRecords(name)) {
    yield * recordPieces(name, chunks, rules)
    return
  }
  if (rules.label !== undefined) throw invalid(name, undefined, `it is no JSONL, and so has no field ${rules.label} to be split by`)
  for await (const piece of textPieces(chunks, rules.pieceBytes)) yield { label: name, ...piece }
}

async function * recordPieces (name: string, chunks: AsyncIterable<Uint8Array>, { field, label }: PieceRules): AsyncGenerator<Piece> {
  if (field === undefined) throw invalid(name, undefined, 'it holds records, and the run does not say which field is the text')
  let line = 0
  for await (const bytes of linesOf(name, chunks)) {
    line++
    if (isBlank(bytes)) continue
    const record = parseRecord(name, line, bytes)
    const text = record[field]
    if (typeof text !== 'string') throw invalid(name, line, text === undefined ? `the record has no field ${field}` : `its field ${field} is no text`)
    yield { label: label === undefined ? name : labelOf(name, line, record, label), text: new TextEncoder().encode(text), continues: false }
  }
}

function parseRecord (name: string, line: number, bytes: Uint8Array): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid(name, line, `it is no JSON: ${reasonOf(cause)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(name, line, 'it is no JSON object')
  return value as Record<string, unknown>
}

function labelOf (name: string, line: number, record: Record<string, unknown>, label: string): string {
  const value = record[label]
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw invalid(name, line, value === undefined ? `the record has no field ${label}` : `its field ${label} is neither text nor a number`)
}

/** Lines without their line feeds; the last may lack one. */
async function * linesOf (name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest = new Uint8Array()
  let line = 1
  for await (const chunk of chunks) {
    const bytes = joined(rest, chunk)
    let start = 0
    // What the line before left over holds no line feed.
    for (let end = bytes.indexOf(LINE_FEED, rest.length); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      yield bytes.subarray(start, end)
      start = end + 1
      line++
    }
    rest = bytes.slice(start)
    if (rest.length > MAXIMUM_LINE_BYTES) throw invalid(name, line, `the line is longer than ${MAXIMUM_LINE_BYTES} bytes`)
  }
  if (rest.length > 0) yield rest
}

/** Cuts text after the first line end at or past `pieceBytes`; where there is none for as long again, before a character. */
async function * textPieces (chunks: AsyncIterable<Uint8Array>, pieceBytes: number): AsyncGenerator<Omit<Piece, 'label'>> {
  const longest = WITHOUT_LINE_END * pieceBytes
  let [rest, isFirst] = [new Uint8Array(), true]
  for await (const chunk of chunks) {
    const bytes = joined(rest, chunk)
    let start = 0
    for (let end = cutAt(bytes, start, pieceBytes, longest); end > 0; end = cutAt(bytes, start, pieceBytes, longest)) {
      yield { text: bytes.slice(start, end), continues: !isFirst }
      isFirst = false
      start = end
    }
    rest = bytes.slice(start)
  }
  if (rest.length > 0) yield { text: rest, continues: !isFirst }
}

/** Where the piece from `start` ends, 0 when that cannot be told yet. */
function cutAt (bytes: Uint8Array, start: number, pieceBytes: number, longest: number): number {
  const lineEnd = bytes.indexOf(LINE_FEED, start + pieceBytes - 1)
  if (lineEnd >= 0 && lineEnd < start + longest) return lineEnd + 1
  if (bytes.length <= start + longest) return 0
  let end = start + longest
  // A character of UTF-8 has at most three bytes that continue it.
  for (let back = 0; back < 3 && isContinuation(bytes[end]); back++) end--
  return isContinuation(bytes[end]) || end <= start ? start + longest : end
}

function isContinuation (byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

function isBlank (line: Uint8Array): boolean {
  return line.every(byte => byte === 0x20 || byte === 0x09 || byte === 0x0d)
}

function joined (first: Uint8Array<ArrayBuffer>, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}

function invalid (name: string, line: number | undefined, why: string): ShoalError {
  const place = line === undefined ? name : `${name}, line ${line}`
  return new ShoalError({
    code: 'DATA_INVALID', what: `${place} cannot be trained on`, why,
    tryThis: 'records are one JSON object a line, in files named .jsonl, with the field that --data-field names; everything else is read as text'
  })
}
