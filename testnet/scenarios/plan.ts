import { methodPreset } from '../../src/averaging/methods.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { fraction, permutation } from '../../src/random/draw.ts'
import { words } from '../../src/random/words.ts'
import { scalarLanePreset } from '../../src/spsa/lanes/lane-rules.ts'
import type { Attack } from './attacks.ts'
import { MOST_REPEATS } from './faults.ts'
import type { FaultEntry } from './faults.ts'
import { knownLinks } from './links.ts'
import type { LinkProfile } from './links.ts'
import { namedPeers } from './names.ts'
import type { NamedPeer } from './names.ts'
import type { PeerGroup, ScenarioFile } from './schema.ts'

export interface PlannedPeer {
  readonly name: string
  /** Name of its group. */
  readonly group: string
  readonly link: LinkProfile
  /** Steps in the time in which a peer of speed 1 takes one. */
  readonly speed: number
  readonly uploadBytesPerSecond: number | undefined
  readonly attack: Attack | undefined
  readonly lane: PeerGroup['lane']
  /** Whether it comes with a `join` only. */
  readonly joinsLater: boolean
}

/** Since the testnet began, or once anybody honest has ended that round. */
export type Moment = { readonly timeMs: number } | { readonly round: number }

/** Peers go by their place in the plan. Times are in milliseconds. */
export type PlannedFault = { readonly at: Moment } & (
  | { readonly kind: 'crash' | 'kill' | 'leave', readonly peers: readonly number[], readonly forMs: number | undefined }
  | { readonly kind: 'diskFull', readonly peers: readonly number[], readonly forMs: number | undefined }
  | { readonly kind: 'pause' | 'stall', readonly peers: readonly number[], readonly forMs: number }
  | { readonly kind: 'join' | 'reset', readonly peers: readonly number[] }
  | { readonly kind: 'link', readonly peers: readonly number[], readonly link: LinkProfile }
  | { readonly kind: 'clockJump', readonly peers: readonly number[], readonly byMs: number }
  | { readonly kind: 'lie', readonly peers: readonly number[], readonly attack: Attack }
  | { readonly kind: 'partition', readonly sides: ReadonlyArray<readonly number[]>, readonly forMs: number | undefined }
  | { readonly kind: 'heal' }
)

/** What lies between two groups in one direction. */
export interface PlannedRoute {
  readonly from: string
  readonly to: string
  readonly link: LinkProfile
}

/** A scenario with everything drawn that its seed decides. */
export interface ScenarioPlan {
  readonly peers: readonly PlannedPeer[]
  readonly routes: readonly PlannedRoute[]
  /** In the order of the file; repeats are spelt out. */
  readonly faults: readonly PlannedFault[]
}

/** Of the seed's words. */
const STREAM = { speeds: 501, faults: 502 } as const

/** The scenario as this seed plays it: the same seed, the same plan. */
export function planOf (scenario: ScenarioFile, seed: number): ScenarioPlan {
  const named = namedPeers(scenario)
  const later = new Set(scenario.faults.flatMap(fault => fault.kind === 'join' ? absentBefore(fault, named, scenario.faults) : []))
  const speeds = words(seed, STREAM.speeds)
  const linkOf = (name: string): LinkProfile => scenario.links[name] ?? knownLinks[name] as LinkProfile
  return {
    peers: named.map(({ name, group }, index) => ({
      name, group: group.name, link: linkOf(group.link), speed: speedOf(group, fraction(speeds)), uploadBytesPerSecond: group.upload, attack: group.attack, lane: group.lane, joinsLater: later.has(index)
    })),
    routes: scenario.routes.flatMap(({ from, to, link, oneWay }) =>
      [{ from, to, link: linkOf(link) }, ...oneWay || from === to ? [] : [{ from: to, to: from, link: linkOf(link) }]]),
    faults: scenario.faults.flatMap((fault, place) => momentsOf(fault).map((at, repeat) => plannedFault(fault, at, named, linkOf, () => drawn(fault, named, words(seed, STREAM.faults, place * MOST_REPEATS + repeat)))))
  }
}

/** The same scenario with so many peers, its groups as large to each other as before; every group keeps one. */
export function withPeers (scenario: ScenarioFile, count: number): ScenarioFile {
  const total = scenario.peers.reduce((sum, group) => sum + group.count, 0)
  let [before, given] = [0, 0]
  const peers = scenario.peers.map((group, index) => {
    before += group.count
    const left = scenario.peers.length - 1 - index
    const share = Math.max(1, Math.min(count - left - given, Math.round(count * before / total) - given))
    given += share
    return { ...group, count: share }
  })
  return { ...scenario, peers }
}

/** The same scenario with nothing going wrong and nobody lying: what disturbed runs are compared to. Those who join later still do. */
export function undisturbed (scenario: ScenarioFile): ScenarioFile {
  return {
    ...scenario,
    peers: scenario.peers.map(({ attack: _, ...honest }) => honest),
    faults: scenario.faults.filter(({ kind }) => !disturbs(kind))
  }
}

/** Whether what happens is a fault, rather than how the swarm was meant to be. */
export function disturbs (kind: FaultEntry['kind']): boolean {
  return kind !== 'join' && kind !== 'link'
}

/** The averaging method of a scenario. @throws ShoalError METHOD_CONTRADICTORY, METHOD_UNSTABLE, CODEC_SPEC; METHOD_UNSUPPORTED where it averages nothing, for its peers send scalars */
export function methodOfScenario ({ run: { method, every, codec, grace }, peers }: ScenarioFile): MethodSpec {
  return methodPreset(method, {
    ...every === undefined ? {} : { everySteps: every }, ...codec === undefined ? {} : { codec }, ...grace === undefined ? {} : { graceMs: grace },
    ...peers.some(({ lane }) => lane === 'scalars') ? { scalarLane: scalarLanePreset } : {}
  })
}

function speedOf ({ speed }: PeerGroup, chance: number): number {
  if (typeof speed === 'number') return speed
  const [slowest, fastest] = speed
  return slowest + (fastest - slowest) * chance
}

/** Those whom a `join` names and nothing made leave before it in the file. */
function absentBefore (join: FaultEntry, named: readonly NamedPeer[], faults: readonly FaultEntry[]): readonly number[] {
  const gone = new Set(faults.slice(0, faults.indexOf(join)).flatMap(fault => fault.kind === 'crash' || fault.kind === 'kill' || fault.kind === 'leave' ? whoIsNamed(fault, named) : []))
  return whoIsNamed(join, named).filter(index => !gone.has(index))
}

function momentsOf ({ time, round, repeat }: FaultEntry): readonly Moment[] {
  return Array.from({ length: repeat?.times ?? 1 }, (_, turn) => time === undefined
    ? { round: (round ?? 1) + turn * (repeat?.rounds ?? 0) }
    : { timeMs: time + turn * (repeat?.time ?? 0) })
}

function plannedFault (fault: FaultEntry, at: Moment, named: readonly NamedPeer[], linkOf: (name: string) => LinkProfile, draw: () => readonly number[]): PlannedFault {
  switch (fault.kind) {
    case 'crash': case 'kill': case 'leave': return { at, kind: fault.kind, peers: draw(), forMs: fault.for }
    case 'diskFull': return { at, kind: fault.kind, peers: draw(), forMs: fault.for }
    case 'pause': case 'stall': return { at, kind: fault.kind, peers: draw(), forMs: fault.for }
    case 'join': case 'reset': return { at, kind: fault.kind, peers: draw() }
    case 'link': return { at, kind: fault.kind, peers: draw(), link: linkOf(fault.link) }
    case 'clockJump': return { at, kind: fault.kind, peers: draw(), byMs: fault.by }
    case 'lie': return { at, kind: fault.kind, peers: draw(), attack: fault.attack }
    case 'partition': return { at, kind: fault.kind, sides: sidesOf(fault.sides, named), forMs: fault.for }
    case 'heal': return { at, kind: fault.kind }
  }
}

/** A side alone is split from all who are on none. */
function sidesOf (sides: ReadonlyArray<readonly string[]>, named: readonly NamedPeer[]): ReadonlyArray<readonly number[]> {
  const chosen = sides.map(side => placesOf(side, named))
  const rest = named.map((_, index) => index).filter(index => !chosen.some(side => side.includes(index)))
  if (chosen.length === 1) return [...chosen, rest]
  return [[...chosen[0] ?? [], ...rest], ...chosen.slice(1)]
}

function drawn (fault: FaultEntry, named: readonly NamedPeer[], random: ReturnType<typeof words>): readonly number[] {
  const among = whoIsNamed(fault, named)
  if (!('share' in fault) || (fault.share === undefined && fault.count === undefined)) return among
  const size = fault.count ?? Math.ceil((fault.share ?? 1) * among.length)
  return permutation(among.length, random).slice(0, size).map(place => among[place] as number).sort((one, other) => one - other)
}

function whoIsNamed (fault: FaultEntry, named: readonly NamedPeer[]): readonly number[] {
  return 'peers' in fault && fault.peers !== undefined ? placesOf(fault.peers, named) : named.flatMap(({ group }, index) => group.lane === 'scalars' ? [] : [index])
}

function placesOf (words: readonly string[], named: readonly NamedPeer[]): readonly number[] {
  return named.flatMap(({ name, group }, index) => words.includes(name) || words.includes(group.name) ? [index] : [])
}
