import type { Clock, ScalarSteps } from '../ports.ts'
import type { ByteModelRules } from './byte-model.ts'
import type { LedgerRules } from './ledger.ts'
import type { LedgerTalkPorts } from './ledger-talk.ts'
import type { ModelWorker } from './model-worker.ts'
import type { PairRules } from './pair-former.ts'
import type { Places } from './places.ts'
import type { Schedule } from './schedules.ts'

export interface OneByteRules {
  /** `window` is the length of a pack, too. */
  readonly ledger: LedgerRules
  readonly model: ByteModelRules
  /** How steps of training lie in the ledger, to which the numbers of `ledger`, `model` and `checkEvery` belong; one a step when left out. */
  readonly places?: Places | undefined
  /** Present where two peers share the passes of a step; both are each peer's own when left out. */
  readonly sharing?: PairRules | undefined
  /** Size ε of the perturbation at a step of training. */
  readonly epsilon: Schedule
  /** Steps, a multiple of the window, between two comparisons of model hashes. */
  readonly checkEvery: number
}

/** How this peer acts on the world. */
export interface OneBytePorts extends LedgerTalkPorts {
  /** Keeps the weights, which move between two measurements only. */
  readonly model: ModelWorker
  /** Losses of this peer's own batch at θ ± ε·z. */
  readonly measure: ScalarSteps['measure']
  /** What becomes of a scalar before anybody hears of it: say `privateScalar`. The scalar itself when left out. */
  readonly disclose?: ((scalar: number) => number) | undefined
  /** Where passes are shared, by which others are waited for. */
  readonly clock?: Clock | undefined
  /** Keys of the others who are there: nothing is forgotten that they could still contradict. */
  readonly others: () => readonly string[]
}
