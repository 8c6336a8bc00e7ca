import type { DirectionLosses } from './direction-losses.ts'
import type { Told } from './half-loss.ts'
import type { Entry } from './ledger-entry.ts'
import type { Bytes } from './model-worker.ts'
import type { OneBytePorts, OneByteRules } from './one-byte-ports.ts'
import type { Passes, PlannedStep } from './passes.ts'
import { ONE_A_STEP } from './places.ts'
import { ABSTAIN } from './scalar-codec.ts'
import type { ScalarCodec } from './scalar-codec.ts'
import { directionsAt } from './seeds.ts'

/** Every peer runs both passes of its steps: each of its entries says what it says by itself. */
export class OwnPasses implements Passes {
  readonly isWhole = false
  readonly #runId: string
  readonly #perStep: number
  readonly #codec: ScalarCodec
  readonly #ports: Pick<OneBytePorts, 'peer' | 'disclose'>

  constructor ({ ledger: { runId }, places = ONE_A_STEP, model: { codec } }: OneByteRules, ports: Pick<OneBytePorts, 'peer' | 'disclose'>) {
    this.#runId = runId
    this.#perStep = places.perStep
    this.#codec = codec
    this.#ports = ports
  }

  nextPlace (place: number): number { return place }

  begin (_place: number, go: (head: readonly Told[]) => void): void { go([]) }

  limit (): number { return Infinity }

  plan (step: number, place: number): PlannedStep { return { step, directions: directionsAt(this.#runId, place, this.#perStep, this.#ports.peer) } }

  /** ĝ = (L(θ+εz) − L(θ−εz)) / 2ε (Spall 1992; MeZO, definition 1). A loss that is no number abstains. */
  tell ({ above, below }: DirectionLosses, epsilon: number): Told {
    const scalar = (above - below) / (2 * epsilon)
    return { level: Number.isFinite(scalar) ? this.#codec.encode(this.#ports.disclose?.(scalar) ?? scalar) : ABSTAIN, seed: 0 }
  }

  change (added: readonly Entry[], withdrawn: readonly Entry[]): { readonly added: readonly Bytes[], readonly withdrawn: readonly Bytes[] } {
    return { added: added.map(bytesOf), withdrawn: withdrawn.map(bytesOf) }
  }

  heard (): void { /* nothing waits */ }
  sealed (): void { /* nothing is kept */ }
  restart (): void { /* nothing is kept */ }
  stop (): void { /* nothing waits */ }
}

/** What an entry says to the model. */
function bytesOf ({ peer, firstStep, levels }: Entry): Bytes {
  return { peer, firstStep, levels }
}
