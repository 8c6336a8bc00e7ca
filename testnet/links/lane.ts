import type { Socket } from 'node:net'
import { fraction } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import { Bucket } from './bucket.ts'
import type { LinkBook } from './link-book.ts'
import type { Path } from './path.ts'
import { rateUnderLoss, repeatMs, SEGMENT_BYTES } from './tcp-loss.ts'
import type { Timeline } from './timeline.ts'

/** One direction of a connection: who sends, and who receives. Both are asked anew, for a peer may be known only later. */
export interface LaneEnds {
  readonly from: () => string
  readonly to: () => string
}

/** A piece of the stream, or its end: an orderly one or a reset. */
type Piece = { readonly bytes: Buffer, readonly readyMs: number } | 'end' | 'reset'

/** A piece that is under way: what it spent on the uplink it spends on the downlink at the same time, a delay later. */
interface Flight {
  readonly piece: Piece
  readonly sendingMs: number
}

/** Pieces are as long as the slower line needs this time for, so that connections take turns on it. */
const PIECE_MS = 4
const LONGEST_PIECE_BYTES = 16_384

/** So much of a line's time waits here for it: a busy machine then reads late without the line running dry. */
const QUEUE_MS = 100
const SHORTEST_QUEUE_BYTES = 65_536
const LONGEST_QUEUE_BYTES = 4_194_304

/** Carries one direction of a connection over the sender's uplink, the way between, and the receiver's downlink. */
export class Lane {
  readonly #source: Socket
  readonly #target: Socket
  readonly #ends: LaneEnds
  readonly #book: LinkBook
  readonly #timeline: Timeline
  readonly #random: Words
  /** What loss leaves of the connection's rate. */
  readonly #flow = new Bucket(Infinity)
  readonly #over: () => void
  /** Read, and waiting for the uplink. */
  readonly #queue: Piece[] = []
  #queuedBytes = 0
  /** Arrived, and waiting for a way that is closed or a receiver that is full. */
  readonly #held: Flight[] = []
  #isSending = false
  #isFull = false
  #isOver = false
  #lastArrivalMs = 0
  #lastDeliveryMs = 0
  /** Of what is sent without a break: the queues on the way do not change within it. */
  #jitterMs = 0

  /** @param over told once, when nothing more will come this way */
  constructor (source: Socket, target: Socket, ends: LaneEnds, { book, timeline, random, over }: { readonly book: LinkBook, readonly timeline: Timeline, readonly random: Words, readonly over: () => void }) {
    this.#source = source
    this.#target = target
    this.#ends = ends
    this.#book = book
    this.#timeline = timeline
    this.#random = random
    this.#over = over
    source.on('data', (bytes: Buffer) => { this.#read(bytes) })
    source.once('end', () => { this.#enqueue('end') })
    source.once('close', () => { if (!source.readableEnded) this.#enqueue('reset') })
    target.on('drain', () => {
      this.#isFull = false
      this.goOn()
    })
  }

  /** Call when the way may have opened. */
  goOn (): void {
    if (!this.#isOpen) return
    for (const flight of this.#held.splice(0)) this.#land(flight)
    this.#send()
  }

  get #isOpen (): boolean {
    return !this.#isFull && this.#book.isOpen(this.#ends.from(), this.#ends.to())
  }

  #read (bytes: Buffer): void {
    const readyMs = this.#timeline.nowMs()
    const length = this.#pieceBytes()
    if (this.#queue.length === 0 && !this.#isSending) this.#jitterMs = this.#way().path.jitterMs * fraction(this.#random)
    for (let begin = 0; begin < bytes.length; begin += length) this.#queue.push({ bytes: bytes.subarray(begin, begin + length), readyMs })
    this.#queuedBytes += bytes.length
    if (this.#queuedBytes >= this.#queueBytes()) this.#source.pause()
    this.#send()
  }

  #enqueue (piece: Piece): void {
    this.#queue.push(piece)
    this.#send()
  }

  #send (): void {
    if (this.#isSending || !this.#isOpen) return
    const piece = this.#queue.shift()
    if (piece === undefined) return
    this.#isSending = true
    const departureMs = typeof piece === 'string' ? this.#timeline.nowMs() : this.#reserve(piece.readyMs, piece.bytes.length)
    this.#timeline.at(departureMs, () => {
      this.#isSending = false
      this.#depart(piece)
      this.#send()
    })
  }

  /** The narrowest of the uplink, the route, and what loss leaves of this connection decides: a piece is on all at once. */
  #reserve (readyMs: number, bytes: number): number {
    const { uplink, route } = this.#book.buckets(this.#ends.from(), this.#ends.to())
    const { path, roundTripMs } = this.#way()
    this.#flow.bytesPerSecond = rateUnderLoss(path.loss, roundTripMs)
    return Math.max(uplink.reserve(readyMs, bytes), route?.reserve(readyMs, bytes) ?? 0, this.#flow.reserve(readyMs, bytes))
  }

  #way (): { readonly path: Path, readonly roundTripMs: number } {
    const [from, to] = [this.#ends.from(), this.#ends.to()]
    const path = this.#book.path(from, to)
    return { path, roundTripMs: path.delayMs + this.#book.path(to, from).delayMs }
  }

  #depart (piece: Piece): void {
    const bytes = lengthOf(piece)
    this.#queuedBytes -= bytes
    if (this.#source.isPaused() && this.#queuedBytes < this.#queueBytes() / 2) this.#source.resume()
    const { path, roundTripMs } = this.#way()
    const againMs = this.#queue.length === 0 ? repeatMs(path.loss, roundTripMs, this.#random) : 0
    const arrivalMs = this.#timeline.nowMs() + path.delayMs + this.#jitterMs + againMs
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs)
    this.#timeline.at(this.#lastArrivalMs, () => {
      const flight = { piece, sendingMs: 1000 * bytes / this.#book.line(this.#ends.from()).uplink.bytesPerSecond }
      if (this.#held.length > 0 || !this.#isOpen) this.#held.push(flight)
      else this.#land(flight)
    })
  }

  #land ({ piece, sendingMs }: Flight): void {
    const nowMs = this.#timeline.nowMs()
    const throughMs = this.#book.line(this.#ends.to()).downlink.reserve(nowMs - sendingMs, lengthOf(piece))
    this.#lastDeliveryMs = Math.max(this.#lastDeliveryMs, nowMs, throughMs)
    this.#timeline.at(this.#lastDeliveryMs, () => { this.#deliver(piece) })
  }

  #deliver (piece: Piece): void {
    if (piece === 'reset') this.#target.resetAndDestroy()
    else if (piece === 'end') this.#target.end()
    else if (!this.#target.destroyed && !this.#target.write(piece.bytes)) this.#isFull = true
    if (typeof piece === 'string' && !this.#isOver) {
      this.#isOver = true
      this.#over()
    }
  }

  #slowest (): number {
    const { uplink, route, downlink } = this.#book.buckets(this.#ends.from(), this.#ends.to())
    return Math.min(uplink.bytesPerSecond, downlink.bytesPerSecond, route?.bytesPerSecond ?? Infinity)
  }

  #pieceBytes (): number {
    return Math.min(LONGEST_PIECE_BYTES, Math.max(SEGMENT_BYTES, Math.floor(this.#slowest() * PIECE_MS / 1000)))
  }

  #queueBytes (): number {
    return Math.min(LONGEST_QUEUE_BYTES, Math.max(SHORTEST_QUEUE_BYTES, this.#slowest() * QUEUE_MS / 1000))
  }
}

function lengthOf (piece: Piece): number {
  return typeof piece === 'string' ? 0 : piece.bytes.length
}
