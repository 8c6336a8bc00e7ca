import { hashCorpus } from '../../../node/corpus/corpus.ts'
import { openGround } from '../method-ground.ts'
import type { Ground } from '../method-ground.ts'
import { runPoint } from '../method-run.ts'
import type { CellResult } from '../method-run.ts'
import { inputsOf } from '../method-setting.ts'
import type { Point, Setting } from '../method-setting.ts'
import type { Cell } from './study.ts'

/** What real training in virtual time gave, without what stands in the cell's inputs. */
export type Trained = Omit<CellResult, 'inputs' | 'inputsHash'>

/** Of every uplink: what is learnt does not depend on it where a method waits, or lands its fragments in time. */
export const LAB_MEGABITS = 100

/** Of the models here, on an idle core; more rows cost little beside what a step costs anyway. */
const STEP_SECONDS = 0.003

/** Real training of whole swarms as cells; grounds are opened once, when the first cell needs them. */
export class TrainingCells {
  readonly #corpus: string
  readonly #grounds = new Map<string, Promise<Ground>>()

  private constructor (corpus: string) {
    this.#corpus = corpus
  }

  static async open (): Promise<TrainingCells> {
    return new TrainingCells(await hashCorpus())
  }

  /** @throws ShoalError METHOD_CONTRADICTORY, METHOD_UNSTABLE */
  cell (arm: string, setting: Setting, point: Point, seed: number): Cell<Trained> {
    return {
      name: `${arm}-seed${seed}`, inputs: inputsOf(setting, { point, seed, megabits: LAB_MEGABITS }, this.#corpus), effort: (setting.peers * setting.steps + (setting.beforehand?.steps ?? 0)) * STEP_SECONDS,
      measure: async () => {
        const [result] = await runPoint(await this.ground(setting), point, seed, [LAB_MEGABITS])
        if (result === undefined) throw new RangeError(`${arm} gave nothing`)
        // The cell has its inputs beside the result.
        const trained = { ...result, inputs: undefined, inputsHash: undefined }
        return trained
      }
    }
  }

  async ground (setting: Setting): Promise<Ground> {
    const key = JSON.stringify(setting)
    const ground = this.#grounds.get(key) ?? openGround(setting)
    this.#grounds.set(key, ground)
    return ground
  }

  get corpus (): string { return this.#corpus }
}
