import type { ChunkPlan } from './chunk-plan.ts'
import { PullWindow } from './pull-window.ts'

/** A source from which nothing has come for so long is given up: longer than a peer is busy with a step, shorter than a joiner's patience. */
export const STALL_MS = 15_000

/** Sources at once: more would only share the same link. */
export const MAXIMUM_SOURCES = 4

export interface ChunkRequest {
  readonly source: string
  readonly chunk: number
}

export interface DownloadProgress {
  readonly receivedBytes: number
  readonly totalBytes: number
  readonly sources: readonly string[]
  /** Milliseconds until all is here at the pace so far; undefined before there is one. */
  readonly etaMs: number | undefined
}

interface Source {
  /** Whose content it gives: sources of the same are mirrors. */
  readonly origin: string
  readonly window: PullWindow
  /** When each chunk was asked for. */
  readonly asked: Map<number, number>
  inFlightBytes: number
  heardMs: number
}

/**
 * Which chunk to ask whom for, and when to give a source up. Chunks come from several sources at once; one that dies leaves what it gave, and what it owed
 * goes to the others. Decides only: whoever fetches tells it what happens.
 */
export class Download {
  readonly plan: ChunkPlan
  readonly #sources = new Map<string, Source>()
  /** Of each chunk that is here, the origin. */
  readonly #got = new Map<number, string>()
  readonly #missing: Set<number>
  #receivedBytes = 0
  /** What was fetched by this process, and since when. */
  #fetched: { bytes: number, sinceMs: number | undefined } = { bytes: 0, sinceMs: undefined }

  constructor (plan: ChunkPlan) {
    this.plan = plan
    this.#missing = new Set(Array.from({ length: plan.chunks }, (_, chunk) => chunk))
  }

  get isComplete (): boolean { return this.#got.size === this.plan.chunks }
  get sources (): readonly string[] { return [...this.#sources.keys()] }

  /** Chunks that are here, by origin. */
  byOrigin (): ReadonlyMap<string, readonly number[]> {
    const origins = new Map<string, number[]>()
    for (const [chunk, origin] of this.#got) {
      const chunks = origins.get(origin)
      if (chunks === undefined) origins.set(origin, [chunk])
      else chunks.push(chunk)
    }
    return origins
  }

  /** A chunk that an earlier life of this peer fetched. */
  restore (chunk: number, origin: string): void {
    this.#take(chunk, origin)
  }

  addSource (id: string, origin: string, nowMs: number): void {
    this.#sources.set(id, { origin, window: new PullWindow(), asked: new Map(), inFlightBytes: 0, heardMs: nowMs })
  }

  /** It is gone: what it owes is asked of others. */
  removeSource (id: string): void {
    const source = this.#sources.get(id)
    this.#sources.delete(id)
    for (const chunk of source?.asked.keys() ?? []) if (!this.#got.has(chunk) && !this.#isAsked(chunk)) this.#missing.add(chunk)
  }

  /** Nothing of this origin is to be kept. */
  forget (origin: string): void {
    for (const [id, source] of this.#sources) if (source.origin === origin) this.removeSource(id)
    for (const [chunk, of] of this.#got) {
      if (of !== origin) continue
      this.#got.delete(chunk)
      this.#missing.add(chunk)
      this.#receivedBytes -= this.plan.place(chunk).bytes
    }
  }

  /** What to ask for now, as much as the windows have room for. */
  next (nowMs: number): ChunkRequest[] {
    const requests: ChunkRequest[] = []
    for (let [before, go] = [-1, true]; go; go = requests.length > before) {
      before = requests.length
      for (const [id, source] of this.#sources) {
        const chunk = this.#nextFor(source)
        if (chunk !== undefined) requests.push(this.#ask(id, source, chunk, nowMs))
      }
    }
    return requests
  }

  /** Whether the chunk was still wanted, so that it is to be kept. */
  arrived (id: string, chunk: number, nowMs: number): boolean {
    const source = this.#sources.get(id)
    const askedMs = source?.asked.get(chunk)
    if (source === undefined || askedMs === undefined) return false
    const { bytes } = this.plan.place(chunk)
    source.asked.delete(chunk)
    source.inFlightBytes -= bytes
    source.heardMs = nowMs
    source.window.arrived(bytes, askedMs, nowMs)
    if (this.#got.has(chunk)) return false
    this.#fetched.bytes += bytes
    this.#take(chunk, source.origin)
    return true
  }

  /** Sources that owe something and have been silent for too long. */
  stalled (nowMs: number): string[] {
    return [...this.#sources].filter(([, { asked, heardMs }]) => asked.size > 0 && nowMs - heardMs >= STALL_MS).map(([id]) => id)
  }

  progress (nowMs: number): DownloadProgress {
    const { bytes, sinceMs } = this.#fetched
    const totalBytes = this.plan.bytes
    const etaMs = bytes === 0 || sinceMs === undefined ? undefined : (totalBytes - this.#receivedBytes) * (nowMs - sinceMs) / bytes
    return { receivedBytes: this.#receivedBytes, totalBytes, sources: this.sources, etaMs }
  }

  #ask (id: string, source: Source, chunk: number, nowMs: number): ChunkRequest {
    if (source.asked.size === 0) source.heardMs = nowMs
    source.asked.set(chunk, nowMs)
    source.inFlightBytes += this.plan.place(chunk).bytes
    this.#missing.delete(chunk)
    this.#fetched.sinceMs ??= nowMs
    return { source: id, chunk }
  }

  #nextFor (source: Source): number | undefined {
    for (const chunk of this.#missing) return source.asked.size === 0 || source.inFlightBytes + this.plan.place(chunk).bytes <= source.window.bytes ? chunk : undefined
    return source.asked.size === 0 ? this.#owedLongest() : undefined
  }

  /** In the end, who has nothing to do takes over what another one owes: the slowest source does not decide when it is over. */
  #owedLongest (): number | undefined {
    const owed = [...this.#sources.values()].flatMap(({ asked }) => [...asked]).filter(([chunk]) => !this.#got.has(chunk) && this.#askers(chunk) === 1)
    return owed.sort(([, one], [, other]) => one - other)[0]?.[0]
  }

  #isAsked (chunk: number): boolean { return this.#askers(chunk) > 0 }

  #askers (chunk: number): number {
    return [...this.#sources.values()].filter(({ asked }) => asked.has(chunk)).length
  }

  #take (chunk: number, origin: string): void {
    this.#got.set(chunk, origin)
    this.#missing.delete(chunk)
    this.#receivedBytes += this.plan.place(chunk).bytes
  }
}
