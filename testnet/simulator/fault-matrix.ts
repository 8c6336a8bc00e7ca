import { methodPreset } from '../../src/averaging/methods.ts'
import type { PresetName } from '../../src/averaging/methods.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { calmSwarm } from './scenarios.ts'
import { simulateTraining } from './simulation.ts'
import type { PeerOutcome, SimulationResult } from './simulation.ts'
import type { Fault, FaultMoment, MachineState, Scenario } from './simulation-scenario.ts'
import type { LinkConditions } from './virtual-links.ts'

export const machineStates: readonly MachineState[] = ['waiting', 'training', 'seeking', 'exchanging', 'committing']

/** Who is struck, and who comes where somebody does. */
export const [STRUCK, NEWCOMER] = [1, 3]
export const PEERS = 4
/** Rounds before the fault, so that every state has its usual length. */
export const SINCE_ROUND = 3
export const LASTS_MS = 6000
/** Slow enough that everything takes a while. */
export const matrixConditions: LinkConditions = { ...calmSwarm.conditions, latencyMs: 60, uploadBytesPerSecond: 20_000, detectionMs: 1500 }

/** A fault with what holds whatever it meets: beside that nobody applies half a round, counts anyone twice, rests for longer than the grace allows or waits forever. */
export interface MatrixFault {
  readonly name: string
  /** What is guaranteed, in a sentence. */
  readonly guarantee: string
  readonly faults: (at: (laterMs: number) => FaultMoment) => readonly Fault[]
  /** How the struck peer ends. */
  readonly struckEnds: readonly PeerOutcome['ended'][]
  /** Whether the fourth peer comes with it. */
  readonly brings?: boolean
}

const struck = { peer: STRUCK } as const
const goesOn = { struckEnds: ['budget'] } as const

export const matrixFaults: readonly MatrixFault[] = [
  { name: 'crash', guarantee: 'the others take all their steps', faults: at => [{ ...at(0), kind: 'crash', ...struck }], struckEnds: ['crashed'] },
  { name: 'kill', guarantee: 'the others take all their steps', faults: at => [{ ...at(0), kind: 'kill', ...struck }], struckEnds: ['crashed'] },
  { name: 'kill and restart', guarantee: 'it comes back with what its store holds, and everybody takes all steps', faults: at => [{ ...at(0), kind: 'kill', ...struck }, { ...at(LASTS_MS), kind: 'join', ...struck }], ...goesOn },
  { name: 'pause', guarantee: 'everybody takes all steps, the frozen one later', faults: at => [{ ...at(0), kind: 'freeze', ...struck }, { ...at(LASTS_MS), kind: 'thaw', ...struck }], ...goesOn },
  { name: 'leave', guarantee: 'it ends at the step under way, the others take all theirs', faults: at => [{ ...at(0), kind: 'stop', ...struck }], struckEnds: ['stopped'] },
  { name: 'join', guarantee: 'who comes takes all its steps', faults: at => [{ ...at(0), kind: 'join', peer: NEWCOMER }], ...goesOn, brings: true },
  { name: 'partition', guarantee: 'both sides go on, and after it heals everybody ends', faults: at => [{ ...at(0), kind: 'partition', sides: [[0, STRUCK], [2, NEWCOMER]] }, { ...at(LASTS_MS), kind: 'heal' }], ...goesOn },
  { name: 'reset', guarantee: 'everybody takes all steps', faults: at => [{ ...at(0), kind: 'reset', ...struck }], ...goesOn },
  { name: 'stall', guarantee: 'everybody takes all steps', faults: at => [{ ...at(0), kind: 'stall', ...struck, forMs: LASTS_MS }], ...goesOn },
  { name: 'slow line', guarantee: 'everybody takes all steps', faults: at => [{ ...at(0), kind: 'line', ...struck, line: { up: 500, down: 500, delay: 400, jitter: 200, loss: 0.05, stallFor: 0 } }], ...goesOn },
  { name: 'clock jump', guarantee: 'everybody takes all steps', faults: at => [{ ...at(0), kind: 'clockJump', ...struck, byMs: 3_600_000 }], ...goesOn },
  { name: 'disk full', guarantee: 'it trains on without checkpoints, and after a restart has its last one or begins anew', faults: at => [
    { ...at(0), kind: 'diskFull', ...struck }, { ...at(LASTS_MS), kind: 'kill', ...struck }, { ...at(2 * LASTS_MS), kind: 'join', ...struck }
  ], ...goesOn },
  { name: 'silence', guarantee: 'the others wait for it no longer than the grace, and take all their steps', faults: at => [{ ...at(0), kind: 'lie', ...struck, attack: 'silent' }], struckEnds: ['budget', 'never', 'failed'] },
  { name: 'garbage', guarantee: 'no weight of the others becomes anything but a number', faults: at => [{ ...at(0), kind: 'lie', ...struck, attack: 'nan' }], struckEnds: ['budget', 'never', 'failed'] }
]

export interface MatrixCell {
  readonly fault: string
  readonly state: MachineState
  readonly preset: PresetName
  /** `absent` where the method's machine is never in that state. */
  readonly outcome: 'held' | 'absent' | 'broken'
  /** What was broken. */
  readonly broken: readonly string[]
}

/** One small swarm of a method, struck when a peer's machine is in a state, held to what is guaranteed. */
export async function playCell (fault: MatrixFault, state: MachineState, preset: PresetName): Promise<MatrixCell> {
  const scenario = scenarioOf(fault, state, preset)
  const result = await simulateTraining(scenario)
  return { fault: fault.name, state, preset, ...verdictOf(fault, scenario.steps, result, brokenBy(scenario, result)) }
}

/** Of the event log: a fault has happened. */
const FAULT_LINE = /^\S+ (crash|kill|freeze|stop|join|partition|heal|reset|stall|line|clockJump|diskFull|lie)\b/

/** What a played cell says of its peers, whatever they train by. */
export interface PlayedCell {
  readonly lines: readonly string[]
  readonly violations: readonly string[]
  readonly peers: ReadonlyArray<{ readonly id: string, readonly ended: string, readonly step: number }>
}

/**
 * Holds a cell to what every fault guarantees and to what its method does besides.
 *
 * @param broken what the method promises besides and did not keep
 * @param prepared faults that came before the cell's own, to make its state come about
 */
export function verdictOf ({ struckEnds }: MatrixFault, steps: number, { lines, violations, peers }: PlayedCell, broken: readonly string[], prepared = 0): Pick<MatrixCell, 'outcome' | 'broken'> {
  const isStruck = lines.filter(line => FAULT_LINE.test(line)).length > prepared
  if (!isStruck) return { outcome: violations.length > 0 ? 'broken' : 'absent', broken: violations }
  const ends = peers.flatMap(({ id, ended, step }, index) => {
    const expected: readonly string[] = index === STRUCK ? struckEnds : ['budget']
    return [
      ...expected.includes(ended) ? [] : [`${id} ended as ${ended}`],
      ...ended === 'budget' && step !== steps ? [`${id} ended at step ${step} of ${steps}`] : []
    ]
  })
  const all = [...violations, ...ends, ...broken]
  return { outcome: all.length > 0 ? 'broken' : 'held', broken: all }
}

function brokenBy ({ method }: Scenario, result: SimulationResult): readonly string[] {
  const broken = result.peers.flatMap(({ id, weights, isHonest }) => isHonest && !weights.every(Number.isFinite) ? [`${id} has weights that are no numbers`] : [])
  // a machine that is frozen finds a wait longer than it was; whoever waits for it does not
  const others = result.records.filter(({ peer }) => peer !== result.peers[STRUCK]?.id)
  const longestMs = Math.max(0, ...others.map(({ waitedMs }) => waitedMs))
  if (longestMs > 2 * method.graceMs + 1) broken.push(`somebody rested for ${longestMs} ms`)
  return broken
}

function scenarioOf (fault: MatrixFault, state: MachineState, preset: PresetName): Scenario {
  const setting = settingOf(preset)
  const sinceRound = state === 'waiting' ? 0 : SINCE_ROUND
  return {
    ...calmSwarm, ...setting, peers: PEERS, seed: 7, startWithinMs: 800, minimumPeers: 2, checkpointEveryMs: 2000,
    conditions: matrixConditions,
    ...fault.brings === true ? { absent: new Set([NEWCOMER]) } : {},
    faults: fault.faults(laterMs => ({ inState: state, of: STRUCK, sinceRound, laterMs })),
    limitMs: 10 * 60_000
  }
}

type Setting = Pick<Scenario, 'method' | 'steps' | 'stepMs' | 'parameters'>

/** A dozen rounds of each method, a second or two long. */
function settingOf (preset: PresetName): Setting {
  const everyStep = methodPreset(preset).everySteps === 1
  const overrides: Partial<MethodSpec> = everyStep ? { graceMs: GRACE_MS } : { graceMs: GRACE_MS, everySteps: EVERY[preset] ?? 10 }
  const method = methodPreset(preset, overrides)
  const roundSteps = everyStep ? 1 : method.everySteps / method.fragments
  return { method, steps: Math.ceil(12 * roundSteps), stepMs: everyStep ? [1000, 1000] : [100, 100], parameters: preset === 'sparta' ? 1000 : 64 }
}

const GRACE_MS = 3000
/** Methods with fragments and flights need room for them. */
const EVERY: Partial<Record<PresetName, number>> = { 'streaming-diloco': 20, 'decoupled-diloco': 40, co2: 20, shoal: 40 }
