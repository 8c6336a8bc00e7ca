import type { RoundTransfer } from './round-transfer.ts'
import { Sketch } from './sketch.ts'
import type { Survey } from './survey.ts'
import type { AttestAnswer, AttestedPart, TransferSurroundings } from './transfer-ports.ts'
import { opinionOf, verdictOf } from './verdict.ts'
import type { Verdict } from './verdict.ts'
import { soon } from './waiting.ts'

/** Members asked: more than are needed, so that some may be silent or lie. */
const MOST_ASKED = 8
/** Reading and sketching the largest replica takes seconds. */
const OPINION_MS = 10_000
/** Parts in one question: two vectors from each of four origins, and as many of members that are gone. */
export const MAXIMUM_ATTESTED_PARTS = 16
/** Chunks sketched before others have their turn: some 10 ms. */
const CHUNKS_AT_ONCE = 256

interface OriginPart extends AttestedPart {
  readonly origin: string
}

/** What the other members say of what was fetched, one round of questions. */
export interface Attested {
  readonly verdicts: ReadonlyMap<string, Verdict>
  /** Members that found something within what they expect, by origin. */
  readonly within: ReadonlyMap<string, readonly string[]>
}

/**
 * Asks other members what they think of each origin's part, by sketches under a seed that is drawn once everything is here.
 *
 * @param isLast the joiner will not ask again
 */
export async function attest (around: TransferSurroundings, transfer: RoundTransfer, survey: Survey, isLast: boolean): Promise<Attested> {
  const { target: { round } } = transfer
  const seed = around.drawSeed()
  const parts = await sketchParts(around, transfer, seed)
  const origins = [...new Set(parts.map(({ origin }) => origin))]
  const within = new Map<string, string[]>(origins.map(origin => [origin, []]))
  const outside = new Map<string, number>()
  await Promise.all(survey.members.slice(0, MOST_ASKED).map(async peerId => {
    const own = survey.offers.find(offer => offer.signer === peerId && offer.round === round)?.list
    if (own !== undefined) within.get(own)?.push(peerId)
    for (const [origin, answers] of await ask(around, peerId, { round, seed, parts: parts.filter(({ origin }) => origin !== own) })) {
      const opinion = opinionOf(answers)
      if (opinion === 'within') within.get(origin)?.push(peerId)
      if (opinion === 'outside') outside.set(origin, (outside.get(origin) ?? 0) + 1)
    }
  }))
  const verdicts = new Map(origins.map(origin => {
    // Who signed it says nothing new by holding it.
    const [author] = transfer.signersOf(origin)
    const others = survey.members.filter(peerId => peerId !== author).length
    const agreeing = (within.get(origin) ?? []).filter(peerId => peerId !== author)
    within.set(origin, agreeing)
    return [origin, verdictOf({ within: agreeing.length, outside: outside.get(origin) ?? 0, others }, isLast)]
  }))
  return { verdicts, within }
}

async function ask (around: TransferSurroundings, peerId: string, question: { round: number, seed: number, parts: readonly OriginPart[] }): Promise<ReadonlyMap<string, readonly AttestAnswer[]>> {
  const answers = new Map<string, AttestAnswer[]>()
  try {
    for (let at = 0; at < question.parts.length; at += MAXIMUM_ATTESTED_PARTS) {
      const asked = question.parts.slice(at, at + MAXIMUM_ATTESTED_PARTS)
      const told = await soon(around.clock, OPINION_MS, around.peers.attest(peerId, { ...question, parts: asked.map(({ vector, chunks, sketch }) => ({ vector, chunks, sketch })) }, around.signal))
      asked.forEach(({ origin }, index) => { answers.set(origin, [...answers.get(origin) ?? [], ...told.slice(index, index + 1)]) })
    }
  } catch {
    // Who cannot tell has no opinion.
    around.signal.throwIfAborted()
    return new Map()
  }
  return answers
}

async function sketchParts (around: TransferSurroundings, { download, data }: RoundTransfer, seed: number): Promise<OriginPart[]> {
  const { plan } = download
  const values = new Float32Array(plan.chunkValues)
  const parts: OriginPart[] = []
  let sketched = 0
  for (const [origin, chunks] of download.byOrigin()) {
    for (let vector = 0; vector < plan.vectors; vector++) {
      const sketch = new Sketch(seed)
      const bits = new Uint8Array(Math.ceil(plan.chunksPerVector / 8))
      for (const chunk of chunks) {
        const place = plan.place(chunk)
        if (place.vector !== vector) continue
        const within = chunk % plan.chunksPerVector
        bits[within >> 3] = (bits[within >> 3] as number) | 1 << (within & 7)
        sketch.add(within, readValues(data, place.offset, values.subarray(0, place.values)))
        if (++sketched % CHUNKS_AT_ONCE === 0) await new Promise<void>(resolve => { around.clock.schedule(0, resolve) })
      }
      if (sketch.count > 0) parts.push({ origin, vector, chunks: bits, sketch: sketch.values })
    }
  }
  return parts
}

/** Little-endian values out of bytes, on any machine. */
function readValues (data: Uint8Array, offset: number, values: Float32Array): Float32Array {
  const view = new DataView(data.buffer, data.byteOffset + offset)
  for (let index = 0; index < values.length; index++) values[index] = view.getFloat32(4 * index, true)
  return values
}
