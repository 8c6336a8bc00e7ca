import { fraction } from '../../../src/random/draw.ts'
import { words } from '../../../src/random/words.ts'
import type { Fault } from '../../simulator/simulation-scenario.ts'
import { PEERS } from '../churn-arms.ts'
import type { Setting } from '../method-setting.ts'
import { GROUND, PUBLISHED_SEEDS } from './arms.ts'

/** Whether who was killed comes back from its own checkpoint, a newcomer takes its place and its data, or nobody is killed: peers leave politely and come back with what they left with. */
export type Comeback = 'returns' | 'replaced' | 'leaves'
export const COMEBACKS: readonly Comeback[] = ['returns', 'replaced', 'leaves']

export interface KillArm {
  readonly name: string
  readonly comeback: Comeback
  /** Probability that a peer goes in a round. */
  readonly rate: number
}

const RATES = [0, 0.05, 0.1, 0.2, 0.3, 0.5] as const
/** What nobody is exposed to is the same either way. */
export const KILL_ARMS: readonly KillArm[] = RATES.flatMap(rate => (rate === 0 ? COMEBACKS.slice(0, 1) : COMEBACKS).map(comeback => ({ name: `${comeback}-${rate}`, comeback, rate })))
/** Effects of a percent are to be told from the luck of a draw. */
export const KILL_SEEDS = [...PUBLISHED_SEEDS, 4, 5] as const

export const KILL_SETTING: Setting = { ...GROUND, marks: 1, latencyMs: 50 }
export const [EVERY_STEPS, LEARNING_RATE] = [10, 0.02] as const
const KILLS_STREAM = 301

/**
 * In every round but the first and the last two, each of those who are there goes with the same probability, at a moment of its own; a round’s time later it is back, or a newcomer comes.
 */
export function killsOf (seed: number, rate: number, comeback: Comeback): readonly Fault[] {
  const random = words(seed, KILLS_STREAM)
  const roundMs = EVERY_STEPS * KILL_SETTING.stepMs
  const rounds = KILL_SETTING.steps / EVERY_STEPS
  return Array.from({ length: PEERS }, (_, seat) => seat).flatMap(seat => {
    let [peer, backMs] = [seat, 0]
    return Array.from({ length: rounds - 3 }, (_, round) => round + 1).flatMap((round): readonly Fault[] => {
      const [isGone, atMs] = [fraction(random) < rate, (round + fraction(random)) * roundMs]
      if (!isGone || atMs <= backMs) return []
      const gone: Fault = { atMs, kind: comeback === 'leaves' ? 'stop' : 'kill', peer }
      if (comeback === 'replaced') peer += PEERS
      backMs = atMs + roundMs
      return [gone, { atMs: backMs, kind: 'join', peer }]
    })
  })
}
