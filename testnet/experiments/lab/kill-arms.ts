import { fraction } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'
import type { Fault } from '../../simulator/simulation-scenario.ts'
import { PEERS } from '../churn-arms.ts'
import type { Setting } from '../method-setting.ts'
import { GROUND } from './arms.ts'

/** Whether who was killed comes back from its own checkpoint, or a newcomer takes its place and its data. */
export type Comeback = 'returns' | 'replaced'

export interface KillArm {
  readonly name: string
  readonly comeback: Comeback
  /** Probability that a peer is killed in a round. */
  readonly rate: number
}

const RATES = [0, 0.1, 0.3, 0.5] as const
/** What nobody is exposed to is the same either way. */
export const KILL_ARMS: readonly KillArm[] = RATES.flatMap(rate => (rate === 0 ? ['returns'] as const : ['returns', 'replaced'] as const).map(comeback => ({ name: `${comeback}-${rate}`, comeback, rate })))

export const KILL_SETTING: Setting = { ...GROUND, marks: 1, latencyMs: 50 }
export const [EVERY_STEPS, LEARNING_RATE] = [10, 0.02] as const
const KILLS_STREAM = 301

/**
 * In every round but the first and the last two, each of those who are there is killed with the same probability, at a moment of its own; a round’s time later it is back, or a newcomer comes.
 */
export function killsOf (seed: number, rate: number, comeback: Comeback): readonly Fault[] {
  const random = words(seed, KILLS_STREAM)
  const roundMs = EVERY_STEPS * KILL_SETTING.stepMs
  const rounds = KILL_SETTING.steps / EVERY_STEPS
  return Array.from({ length: PEERS }, (_, seat) => seat).flatMap(seat => {
    let [peer, backMs] = [seat, 0]
    return Array.from({ length: rounds - 3 }, (_, round) => round + 1).flatMap((round): readonly Fault[] => {
      const [isKilled, atMs] = [fraction(random) < rate, (round + fraction(random)) * roundMs]
      if (!isKilled || atMs <= backMs) return []
      const killed: Fault = { atMs, kind: 'kill', peer }
      if (comeback === 'replaced') peer += PEERS
      backMs = atMs + roundMs
      return [killed, { atMs: backMs, kind: 'join', peer }]
    })
  })
}
