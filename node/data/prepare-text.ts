import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { heldOutExcerpt } from '../../src/data/documents.ts'
import type { Document } from '../../src/data/documents.ts'
import { planExcerpt } from '../../src/data/held-out.ts'
import type { Piece } from '../../src/data/pieces.ts'
import { idWidthOf } from '../../src/data/sources.ts'
import type { TokensOnDisk } from '../../src/data/sources.ts'
import { isHeldOut } from '../../src/data/split.ts'
import { writeFileAtomically } from '../store/atomic-file.ts'
import { piecesOfText, shardAssigner, surveyText } from './survey.ts'
import type { TextPlan } from './survey.ts'
import { TokenWriter } from './token-writer.ts'

/** How bytes become ids. */
export interface Encoder {
  /** Names the tokenizer: its file's hash, or `bytes`. */
  readonly name: string
  readonly vocabulary: number
  readonly encode: (bytes: Uint8Array) => ArrayLike<number>
}

export interface PreparedText {
  readonly training: TokensOnDisk
  /** The excerpt that a loss is measured on; empty when nothing is held out. */
  readonly heldOutText: Uint8Array
}

const LINE_FEED = 10
const SEPARATOR = Uint8Array.of(LINE_FEED)
/** Counts up when the same text would give other tokens. */
const LAYOUT = 1

const preparedSchema = z.strictObject({ length: z.int().min(0) })

/**
 * Turns one shard of a text into a token file, in two passes and constant memory, unless an earlier call did: files
 * under `folder` are named by what they were made from. A call that is interrupted leaves nothing that a later one would take for whole.
 *
 * @param shard from 0
 * @throws ShoalError DATA_INVALID, DATA_CHANGED
 */
export async function prepareText (plan: TextPlan, shard: number, encoder: Encoder, folder: string, signal?: AbortSignal): Promise<PreparedText> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const base = join(folder, keyOf(plan, shard, encoder))
  const idWidth = idWidthOf(encoder.vocabulary)
  const known = await readPrepared(base, idWidth)
  if (known !== undefined) return known
  const excerpt = await writeShard(plan, shard, encoder, `${base}.ids`, signal)
  await writeFileAtomically(`${base}.held-out`, [excerpt.heldOutText])
  // Last: its presence says that the others are whole.
  await writeFileAtomically(`${base}.json`, [new TextEncoder().encode(JSON.stringify({ length: excerpt.length }))])
  return { training: { kind: 'token-file', path: `${base}.ids`, idWidth, length: excerpt.length }, heldOutText: excerpt.heldOutText }
}

/** The held-out excerpt of a text alone. @throws ShoalError DATA_INVALID, DATA_CHANGED */
export async function heldOutTextOf (plan: TextPlan, folder: string, signal?: AbortSignal): Promise<Uint8Array> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${keyOf(plan)}.excerpt`)
  try {
    return new Uint8Array(await readFile(path))
  } catch {
    const collector = await excerptCollector(plan, signal)
    let index = 0
    for await (const piece of piecesOfText(plan, signal)) if (isHeldOut(index++, plan.holdOutEvery)) collector.take(piece)
    const excerpt = collector.excerpt()
    await writeFileAtomically(path, [excerpt])
    return excerpt
  }
}

async function writeShard (plan: TextPlan, shard: number, encoder: Encoder, path: string, signal: AbortSignal | undefined): Promise<{ readonly length: number, readonly heldOutText: Uint8Array }> {
  const survey = await surveyText(plan, signal)
  const shardOf = shardAssigner(plan, survey)
  const collector = collectorFor(survey)
  const writer = await TokenWriter.open(path, idWidthOf(encoder.vocabulary))
  const joiner = createJoiner()
  try {
    let index = 0
    for await (const piece of piecesOfText(plan, signal)) {
      const number = index++
      if (isHeldOut(number, plan.holdOutEvery)) collector.take(piece)
      else if (shardOf(piece) === shard) await writer.write(encoder.encode(joiner(piece, number)))
    }
    await writer.finish()
  } catch (error) {
    await writer.abandon()
    throw error
  }
  return { length: writer.length, heldOutText: collector.excerpt() }
}

/** Puts a line feed between two pieces unless there is one, or the second goes on where the first ended. */
function createJoiner (): (piece: Piece, number: number) => Uint8Array {
  let previous: { readonly number: number, readonly endsLine: boolean } | undefined
  return ({ text, continues }, number) => {
    const follows = continues && previous?.number === number - 1
    const needsSeparator = previous !== undefined && !previous.endsLine && !follows
    previous = { number, endsLine: text.at(-1) === LINE_FEED || text.length === 0 }
    return needsSeparator ? Buffer.concat([SEPARATOR, text]) : text
  }
}

interface ExcerptCollector {
  take (piece: Piece): void
  excerpt (): Uint8Array
}

async function excerptCollector (plan: TextPlan, signal: AbortSignal | undefined): Promise<ExcerptCollector> {
  return collectorFor(await surveyText(plan, signal))
}

function collectorFor ({ heldOutPieces, heldOutBytes }: { readonly heldOutPieces: number, readonly heldOutBytes: number }): ExcerptCollector {
  const { takes, bytesEach } = planExcerpt(heldOutPieces, heldOutBytes)
  const taken: Document[] = []
  let seen = 0
  return {
    take: ({ label, text }) => { if (takes(seen++)) taken.push({ name: label, year: 0, text: text.slice(0, bytesEach) }) },
    excerpt: () => heldOutExcerpt(taken)
  }
}

async function readPrepared (base: string, idWidth: TokensOnDisk['idWidth']): Promise<PreparedText | undefined> {
  try {
    const { length } = preparedSchema.parse(JSON.parse(await readFile(`${base}.json`, 'utf8')))
    const path = `${base}.ids`
    if ((await stat(path)).size !== length * idWidth) return undefined
    return { training: { kind: 'token-file', path, idWidth, length }, heldOutText: new Uint8Array(await readFile(`${base}.held-out`)) }
  } catch {
    return undefined
  }
}

/** Names a result by everything that it depends on. */
function keyOf ({ files, field, label, split, shards, holdOutEvery }: TextPlan, shard?: number, encoder?: Encoder): string {
  const text = [files.map(({ name, sha256 }) => [name, sha256]), field ?? null, label ?? null, holdOutEvery]
  const whole = encoder === undefined ? text : [...text, split, shards, shard, encoder.name]
  return createHash('sha256').update(JSON.stringify([LAYOUT, ...whole])).digest('hex')
}
