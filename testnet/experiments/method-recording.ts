import type { Learner, Taught } from './method-learner.ts'

interface Lesson {
  /** Of the weights before, and where given of what else the lesson depended on. */
  readonly before: number
  readonly fromStep: number
  readonly untilStep: number
  readonly taught: Taught
  /** θ, or the gradient, afterwards; nothing where neither moved. */
  readonly after: Float32Array | undefined
}

/** Everything that a learner was asked and what came of it. */
export class Recording {
  readonly lessons: Lesson[] = []
}

const NOTHING_TAUGHT: Taught = { tokens: 0, meanLoss: 0 }

/** Learns as another does, and writes it down. */
export class RecordingLearner implements Learner {
  readonly #learner: Learner
  readonly #recording: Recording

  constructor (learner: Learner, recording: Recording) {
    this.#learner = learner
    this.#recording = recording
  }

  get weights (): Float32Array { return this.#learner.weights }
  get gradient (): Float32Array { return this.#learner.gradient }
  get step (): number { return this.#learner.step }

  async train (untilStep: number): Promise<Taught> {
    return this.#write(untilStep, this.weights, async () => this.#learner.train(untilStep))
  }

  async computeGradient (): Promise<Taught> {
    return this.#write(this.step, this.gradient, async () => this.#learner.computeGradient())
  }

  finishStep (descend: boolean): void {
    const [before, fromStep] = [fingerprint(this.weights, this.gradient), this.step]
    this.#learner.finishStep(descend)
    this.#recording.lessons.push({ before, fromStep, untilStep: this.step, taught: NOTHING_TAUGHT, after: descend ? this.weights.slice() : undefined })
  }

  async #write (untilStep: number, moved: Float32Array, learn: () => Promise<Taught>): Promise<Taught> {
    const [before, fromStep] = [fingerprint(this.weights), this.step]
    const taught = await learn()
    this.#recording.lessons.push({ before, fromStep, untilStep, taught, after: moved.slice() })
    return taught
  }
}

/** What a replayed learner was asked is not what the recorded one was: the run went another way. */
export class Departure extends Error {}

/**
 * Gives what a recorded learner learned, as long as it is asked the same in the same order and its weights are the same bits: a run on another
 * link then costs no training, and proves on the way that the link changed nothing.
 */
export class ReplayingLearner implements Learner {
  readonly weights: Float32Array
  readonly gradient: Float32Array
  readonly #lessons: readonly Lesson[]
  #next = 0
  #step = 0
  #hasDeparted = false

  constructor (genesis: Float32Array, { lessons }: Recording) {
    this.weights = genesis.slice()
    this.gradient = new Float32Array(genesis.length)
    this.#lessons = lessons
  }

  get step (): number { return this.#step }

  /** Whether it was asked anything that the recording does not answer. */
  get hasDeparted (): boolean { return this.#hasDeparted }

  async train (untilStep: number): Promise<Taught> {
    return Promise.resolve(this.#read(untilStep, this.weights, fingerprint(this.weights)))
  }

  async computeGradient (): Promise<Taught> {
    return Promise.resolve(this.#read(this.#step, this.gradient, fingerprint(this.weights)))
  }

  finishStep (descend: boolean): void {
    this.#read(this.#step + 1, descend ? this.weights : undefined, fingerprint(this.weights, this.gradient))
  }

  #read (untilStep: number, moved: Float32Array | undefined, before: number): Taught {
    const lesson = this.#lessons[this.#next++]
    if (lesson === undefined || lesson.fromStep !== this.#step || lesson.untilStep !== untilStep || lesson.before !== before || (lesson.after === undefined) !== (moved === undefined)) {
      this.#hasDeparted = true
      throw new Departure(`at step ${this.#step} this run is no longer the recorded one`)
    }
    if (lesson.after !== undefined) moved?.set(lesson.after)
    this.#step = untilStep
    return lesson.taught
  }
}

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a over the bits of the values, a word at a time. */
export function fingerprint (...vectors: readonly Float32Array[]): number {
  let hash = FNV_OFFSET
  for (const vector of vectors) {
    const bits = new Uint32Array(vector.buffer, vector.byteOffset, vector.length)
    for (let index = 0; index < bits.length; index++) hash = Math.imul(hash ^ (bits[index] as number), FNV_PRIME)
  }
  return hash >>> 0
}
