import { scalarPresets, stepsARound } from '../../src/spsa/scalar-methods.ts'
import type { ScalarPresetName } from '../../src/spsa/scalar-methods.ts'
import { LASTS_MS, matrixConditions, matrixFaults, NEWCOMER, PEERS, SINCE_ROUND, STRUCK, verdictOf } from './fault-matrix.ts'
import type { MatrixFault } from './fault-matrix.ts'
import { smallScalarMethod } from './play-scalars.ts'
import { simulateScalars } from './scalar-simulation.ts'
import type { ScalarSwarm } from './scalar-simulation.ts'
import type { Fault, ScalarState } from './simulation-scenario.ts'

export const scalarStates: readonly ScalarState[] = ['waiting', 'measuring', 'sending', 'asking']
export const scalarNames = Object.keys(scalarPresets) as ScalarPresetName[]

/** What a fault guarantees where nobody waits for anybody, and everybody who is there at the end has the same weights to the bit. */
const own: Partial<Record<string, Partial<MatrixFault>>> = {
  'kill and restart': { guarantee: 'it comes back with every pack that it had signed, contradicts none, and everybody takes all steps' },
  partition: { guarantee: 'both sides go on, and after it heals everybody has the same packs' },
  'disk full': {
    guarantee: 'it sends no pack that it cannot keep, and ends; with room again it comes back with those that it had kept',
    faults: at => [{ ...at(0), kind: 'diskFull', peer: STRUCK }, { ...at(LASTS_MS), kind: 'diskFree', peer: STRUCK }, { ...at(2 * LASTS_MS), kind: 'join', peer: STRUCK }]
  },
  silence: { guarantee: 'nobody waits for it' },
  garbage: { guarantee: 'a loss that is no number counts for nothing' }
}

/** The same faults as they meet a run of scalars. */
export const scalarFaults: readonly MatrixFault[] = matrixFaults.map(fault => ({ ...fault, ...own[fault.name] }))

export interface ScalarCell {
  readonly fault: string
  readonly state: ScalarState
  readonly preset: ScalarPresetName
  /** `absent` where the peer was never in that state. */
  readonly outcome: 'held' | 'absent' | 'broken'
  /** What was broken. */
  readonly broken: readonly string[]
}

/** One small swarm of a method of scalars, struck when a peer is in a state, held to what is guaranteed. */
export async function playScalarCell (fault: MatrixFault, state: ScalarState, preset: ScalarPresetName): Promise<ScalarCell> {
  const prepared = preparedFor(state)
  const scenario = swarmOf(fault, state, preset, prepared)
  const result = await simulateScalars(scenario)
  const broken = result.peers.flatMap(({ id, ended, loss, isHonest }) => isHonest && ended === 'budget' && !(loss < result.startLoss) ? [`${id} learned nothing`] : [])
  return { fault: fault.name, state, preset, ...verdictOf(fault, scenario.steps, result, broken, prepared.length) }
}

/** Whoever was alone for a while lacks what the others sent, and asks for it. */
function preparedFor (state: ScalarState): readonly Fault[] {
  return state === 'asking' ? [{ afterRound: SINCE_ROUND, kind: 'partition', sides: [[STRUCK]] }, { afterRound: SINCE_ROUND, laterMs: APART_MS, kind: 'heal' }] : []
}

const ROUNDS = 12
const STEP_MS = 100
/** Long enough to miss packs of every method, and short enough that somebody compares afterwards before the end. */
const APART_MS = 4000

function swarmOf (fault: MatrixFault, state: ScalarState, preset: ScalarPresetName, prepared: readonly Fault[]): ScalarSwarm {
  const method = smallScalarMethod(preset, PEERS)
  const absent = fault.brings === true ? [NEWCOMER] : []
  const sinceRound = state === 'waiting' ? 0 : SINCE_ROUND
  return {
    seed: 7, method, steps: ROUNDS * stepsARound(method), parameters: 64, conditions: matrixConditions, absent: new Set(absent),
    places: Array.from({ length: PEERS }, (_, index) => ({
      name: `peer-${index}`, attack: undefined, stepMs: STEP_MS, waitsFor: PEERS - 1 - absent.length, line: { up: 20_000, delay: 0, jitter: 0, loss: 0, stallFor: 0 }
    })),
    faults: [...prepared, ...fault.faults(laterMs => ({ inState: state, of: STRUCK, sinceRound, laterMs }))],
    limitMs: 10 * 60_000
  }
}
