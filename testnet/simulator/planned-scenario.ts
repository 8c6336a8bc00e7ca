import { SILENCE_CHECK_MS, SILENCE_LIMIT_MS } from '../../node/network/constants.ts'
import { modelOfSize } from '../../src/manifest/draft.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { parameterCount } from '../../src/models/model-layout.ts'
import type { LinkProfile } from '../scenarios/links.ts'
import { planOf } from '../scenarios/plan.ts'
import type { Moment, PlannedFault, ScenarioPlan } from '../scenarios/plan.ts'
import type { ScenarioFile } from '../scenarios/schema.ts'
import type { Fault, FaultMoment, Scenario } from './simulation-scenario.ts'
import { perfectLinks } from './virtual-links.ts'
import type { LinkConditions } from './virtual-links.ts'

/** Passing a message on within a machine. */
const WITHIN_MS = 0.2
/** Until real peers give up a connection over which nothing comes: their limit, and the time between two looks at it. */
const DETECTION_MS = SILENCE_LIMIT_MS + SILENCE_CHECK_MS
/** A dial and a handshake of real peers. */
const MEETING_MS = 2_000
/** How a promise is kept that is given as a rate. */
const PROMISE_WINDOW_SECONDS = 60
/** Times that training alone takes, and an hour: whoever has not ended by then waits for something that will not come. */
const LIMIT_FACTOR = 20
const LIMIT_SLACK_MS = 3_600_000
const ERAS_APART = 0.5
/** A backward pass costs two forward ones, and a scalar two forward ones. */
const PASSES_A_STEP = 2 / 3

/** What lies between machines whose lines are their own. */
export const plannedConditions: LinkConditions = { ...perfectLinks, latencyMs: WITHIN_MS, uploadBytesPerSecond: Infinity, detectionMs: DETECTION_MS, meetingMs: MEETING_MS }

export function limitMsOf (steps: number, stepMsOf: readonly number[]): number {
  return LIMIT_FACTOR * steps * Math.max(...stepMsOf) + LIMIT_SLACK_MS
}

/** A scenario file as the simulator plays it under a seed, with a quadratic for each peer to learn. */
export function plannedScenario (file: ScenarioFile, method: MethodSpec, seed: number): Scenario {
  const whole = planOf(file, seed)
  const plan = { ...whole, peers: whole.peers.filter(({ lane }) => lane === 'first-order') }
  const scalarSeats = whole.peers.filter(({ lane }) => lane === 'scalars').map(({ name, link, speed }) => ({ name, line: link, measureMs: PASSES_A_STEP * file.run.step / speed }))
  const { run, quadratic } = file
  const stepMsOf = plan.peers.map(({ speed }) => run.step / speed)
  const promises = plan.peers.map(({ uploadBytesPerSecond }) => uploadBytesPerSecond === undefined ? undefined : { bytesPerSecond: uploadBytesPerSecond, windowSeconds: PROMISE_WINDOW_SECONDS })
  const present = plan.peers.filter(({ joinsLater }) => !joinsLater).length
  return {
    seed, method,
    peers: plan.peers.length,
    names: plan.peers.map(({ name }) => name),
    steps: run.steps,
    stepMs: [run.step, run.step],
    stepMsOf,
    parameters: quadratic.weights,
    dissimilarity: quadratic.dissimilarity ?? (run.split === 'era' ? ERAS_APART : 0),
    noise: quadratic.noise,
    drawsNoiseOnce: true,
    payloadScale: parameterCount(modelOfSize(run.model)) / quadratic.weights,
    conditions: plannedConditions,
    lines: plan.peers.map(({ link }) => link),
    ...plan.routes.length === 0 ? {} : { routeOf: routesOf(plan) },
    ...promises.every(promise => promise === undefined) ? {} : { promises },
    startWithinMs: run.startWithin,
    ...scalarSeats.length === 0 ? {} : { scalarSeats },
    absent: new Set(plan.peers.flatMap(({ joinsLater }, index) => joinsLater ? [index] : [])),
    attacks: plan.peers.map(({ attack }) => attack),
    minimumPeers: present - 1,
    faults: plan.faults.flatMap(faultsOf),
    limitMs: limitMsOf(run.steps, stepMsOf)
  }
}

/** What lies between two peers of a plan, where that is said. */
export function routesOf ({ peers, routes }: ScenarioPlan): (from: number, to: number) => LinkProfile | undefined {
  const links = new Map(routes.map(({ from, to, link }) => [`${from} ${to}`, link]))
  return (from, to) => links.get(`${peers[from]?.group ?? ''} ${peers[to]?.group ?? ''}`)
}

/** What happens to each peer, and what ends it. */
export function faultsOf (planned: PlannedFault): readonly Fault[] {
  const at = momentOf(planned.at, 0)
  const each = (faults: (peer: number) => readonly Fault[]): readonly Fault[] => 'peers' in planned ? planned.peers.flatMap(faults) : []
  const after = (forMs: number | undefined, fault: (moment: FaultMoment) => Fault): readonly Fault[] => forMs === undefined ? [] : [fault(momentOf(planned.at, forMs))]
  switch (planned.kind) {
    case 'crash': case 'kill': case 'leave': return each(peer => [{ ...at, kind: ENDINGS[planned.kind], peer }, ...after(planned.forMs, moment => ({ ...moment, kind: 'join', peer }))])
    case 'diskFull': return each(peer => [{ ...at, kind: 'diskFull', peer }, ...after(planned.forMs, moment => ({ ...moment, kind: 'diskFree', peer }))])
    case 'pause': return each(peer => [{ ...at, kind: 'freeze', peer }, ...after(planned.forMs, moment => ({ ...moment, kind: 'thaw', peer }))])
    case 'stall': return each(peer => [{ ...at, kind: 'stall', peer, forMs: planned.forMs }])
    case 'join': return each(peer => [{ ...at, kind: 'join', peer }])
    case 'reset': return each(peer => [{ ...at, kind: 'reset', peer }])
    case 'link': return each(peer => [{ ...at, kind: 'line', peer, line: planned.link }])
    case 'clockJump': return each(peer => [{ ...at, kind: 'clockJump', peer, byMs: planned.byMs }])
    case 'lie': return each(peer => [{ ...at, kind: 'lie', peer, attack: planned.attack }])
    case 'partition': return [{ ...at, kind: 'partition', sides: planned.sides }, ...after(planned.forMs, moment => ({ ...moment, kind: 'heal' }))]
    case 'heal': return [{ ...at, kind: 'heal' }]
  }
}

/** What the simulator calls an end. */
const ENDINGS = { crash: 'crash', kill: 'kill', leave: 'stop' } as const

function momentOf (at: Moment, laterMs: number): FaultMoment {
  return 'timeMs' in at ? { atMs: at.timeMs + laterMs } : { afterRound: at.round, laterMs }
}
