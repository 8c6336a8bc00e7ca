import type { FragmentOutcome, FragmentRound, Part, RoundPlan } from '../../../../src/averaging/frame.ts'
import { FrameReplica } from '../../../../src/averaging/frame-replica.ts'
import { nextBoundary } from '../../../../src/averaging/schedule.ts'
import type { MethodSpec } from '../../../../src/manifest/schema.ts'
import { createLayout } from '../../../../src/parameters/layout.ts'
import type { ParameterLayout } from '../../../../src/parameters/layout.ts'

/** A method with the least said. */
export const method = (axes: Partial<MethodSpec> & Pick<MethodSpec, 'outer'>): MethodSpec =>
  ({ groupSize: 'all', fragments: 1, everySteps: 1, overlapSteps: 0, codec: 'fp32', graceMs: 1000, ...axes })

/** A layout of one tensor. */
export const flat = (size: number): ParameterLayout => createLayout([{ name: 'values', shape: [size] }])

export interface Member {
  readonly id: string
  readonly fast: Float32Array
  readonly gradient: Float32Array
  readonly replica: FrameReplica
}

export function member (id: string, spec: MethodSpec, weights: ArrayLike<number>, layout = flat(weights.length)): Member {
  const fast = Float32Array.from(weights)
  const gradient = new Float32Array(fast.length)
  return { id, fast, gradient, replica: new FrameReplica({ self: id, method: spec, layout, seed: 7, vectors: { fast, gradient } }) }
}

/** Members a, b, c … of one run. */
export function members (spec: MethodSpec, weights: readonly ArrayLike<number>[], layout?: ParameterLayout): Member[] {
  return weights.map((start, index) => member(String.fromCharCode(97 + index), spec, start, layout))
}

/** Equal parts, one for each owner; a pair or a peer alone has none. */
export function partsFor (ids: readonly string[], length: number): readonly Part[] {
  if (ids.length < 3) return [{ start: 0, end: length }]
  const owners = [...ids].sort()
  const cuts = owners.map((_, index) => Math.floor(index * length / owners.length))
  return owners.map((owner, index) => ({ start: cuts[index]!, end: cuts[index + 1] ?? length, owner })).filter(({ start, end }) => end > start)
}

export interface RoundOptions {
  readonly round?: number
  readonly fragment?: number
  readonly tokens?: (id: string) => number
  /** On which rung of the ladder each writes; the finest if left out. */
  readonly rung?: (id: string) => number
  /** Parts, if not one for each member. */
  readonly parts?: readonly Part[]
}

export interface GroupRound {
  readonly group: readonly Member[]
  readonly rounds: readonly FragmentRound[]
  readonly parts: readonly Part[]
}

export function open (group: readonly Member[], { round = 1, fragment = 0, tokens = () => 100, rung = () => 0, parts }: RoundOptions = {}): GroupRound {
  const ids = group.map(({ id }) => id)
  const cut = parts ?? partsFor(ids, group[0]!.replica.fragments[fragment]!.length)
  const rounds = group.map(({ id, replica }) => replica.open({ round, fragment, members: ids, parts: cut, tokens: tokens(id), rung: rung(id) } satisfies RoundPlan))
  return { group, rounds, parts: cut }
}

/** Everything arrives, in the order that `order` puts it in. */
export function exchange ({ group, rounds, parts }: GroupRound, order: <Item>(items: Item[]) => Item[] = items => items): void {
  parts.forEach(({ owner }, part) => {
    rounds.forEach((to, receiver) => {
      if (owner !== undefined && group[receiver]!.id !== owner) return
      for (const sender of order([...rounds.keys()])) if (sender !== receiver) to.receive(part, group[sender]!.id, rounds[sender]!.contribution(part))
    })
  })
  for (const part of order([...parts.keys()])) {
    const owner = group.findIndex(({ id }) => id === parts[part]!.owner)
    if (owner < 0) continue
    const mean = rounds[owner]!.reduced(part)
    rounds.forEach((round, index) => { if (index !== owner) round.accept(part, mean) })
  }
}

/** A whole round of one group. */
export function syncRound (group: readonly Member[], options: RoundOptions = {}): FragmentOutcome[] {
  const opened = open(group, options)
  exchange(opened)
  return opened.rounds.map(round => round.commit(0))
}

/** Trains every member for `steps` with `step`, and syncs all of them by the method's schedule, flights and all. */
export function runAll (spec: MethodSpec, swarm: readonly Member[], steps: number, step: (member: Member, index: number, stepsTaken: number) => void): void {
  let boundary = nextBoundary(0, spec)
  const flights: { readonly dueStep: number, readonly opened: GroupRound }[] = []
  for (let taken = 1; taken <= steps; taken++) {
    swarm.forEach((each, index) => { step(each, index, taken) })
    while (flights.length > 0 && flights[0]!.dueStep === taken) flights.shift()!.opened.rounds.forEach(round => round.commit(spec.overlapSteps))
    while (boundary.step === taken) {
      const opened = open(swarm, { round: boundary.index, fragment: (boundary.index - 1) % spec.fragments })
      exchange(opened)
      if (spec.overlapSteps === 0) opened.rounds.forEach(round => round.commit(0))
      else flights.push({ dueStep: taken + spec.overlapSteps, opened })
      boundary = nextBoundary(taken, spec)
    }
  }
}

export function meanOf (vectors: readonly ArrayLike<number>[], index: number): number {
  return vectors.reduce((sum, vector) => sum + vector[index]!, 0) / vectors.length
}

/** Mean square distance to the mean. */
export function spreadOf (vectors: readonly ArrayLike<number>[]): number {
  let squares = 0
  for (let index = 0; index < vectors[0]!.length; index++) {
    const mean = meanOf(vectors, index)
    squares += vectors.reduce((sum, vector) => sum + (vector[index]! - mean) ** 2, 0)
  }
  return squares / vectors.length
}
