import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { RoundThread } from '../../../node/round-worker/client.ts'
import { handedOver } from '../../../node/round-worker/messages.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { RoundDecision } from '../../../src/averaging/round-state.ts'
import { RoundWork } from '../../../src/averaging/round-work.ts'
import type { RoundAnswers, RoundResult, RoundTaskKind, RoundWorker, TaskOf } from '../../../src/averaging/round-worker.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'
import { createLayout } from '../../../src/parameters/layout.ts'

const layout = createLayout([{ name: 'one', shape: [40, 16] }, { name: 'other', shape: [25, 8] }])

function sharedVector (seed: number): Float32Array {
  const vector = new Float32Array(new SharedArrayBuffer(4 * layout.size))
  vector.forEach((_, index) => { vector[index] = Math.sin(seed + index) })
  return vector
}

interface Replica {
  readonly fast: Float32Array
  readonly gradient: Float32Array
  readonly worker: RoundWorker
}

const threads: RoundThread[] = []
afterEach(async () => { await Promise.all(threads.splice(0).map(async thread => thread.close())) })

function vectorsOf (seed: number): Pick<Replica, 'fast' | 'gradient'> {
  return { fast: sharedVector(seed), gradient: sharedVector(seed + 0.5) }
}

async function threaded (self: string, method: MethodSpec, seed: number): Promise<Replica & { readonly worker: RoundThread }> {
  const vectors = vectorsOf(seed)
  const worker = await RoundThread.start({ self, method, layout, seed: 3, vectors, compute: DEFAULT_COMPUTE })
  threads.push(worker)
  return { ...vectors, worker }
}

function here (self: string, method: MethodSpec, seed: number): Replica {
  const vectors = vectorsOf(seed)
  return { ...vectors, worker: new RoundWork({ self, method, layout, seed: 3, vectors }) }
}

async function resultOf<Kind extends RoundTaskKind> (worker: RoundWorker, task: TaskOf<Kind>): Promise<RoundResult<Kind>> {
  return new Promise(resolve => { worker.ask<Kind>(structuredClone(task), resolve) })
}

async function answerOf<Kind extends RoundTaskKind> (worker: RoundWorker, task: TaskOf<Kind>): Promise<RoundAnswers[Kind]> {
  const result = await resultOf<Kind>(worker, task)
  if (result.kind !== 'done') throw new Error(result.reason)
  return result.answer
}

const decisionOf = (round: number, fragment: number): RoundDecision =>
  ({ round, fragment, averaged: true, members: ['b'], reason: 'averaged', inDoubt: false, waitedMs: 0, ageSteps: 0, isApart: true })

/** A pair's round of `a` with `b`; all that `a` answered. */
async function meet (a: RoundWorker, b: RoundWorker, round: number, fragment: number): Promise<unknown[]> {
  const plan = { round, fragment, members: ['a', 'b'], tokens: 100 }
  const answers: unknown[] = [await answerOf(a, { kind: 'take', plan })]
  await answerOf(b, { kind: 'take', plan })
  const mine = await answerOf(a, { kind: 'contribute', part: 0 })
  answers.push(mine, await answerOf(a, { kind: 'contribute', part: 0 }))
  const theirs = await answerOf(b, { kind: 'contribute', part: 0 })
  answers.push(await answerOf(a, { kind: 'verify', part: 0, member: 'b', contribution: theirs }))
  await answerOf(b, { kind: 'verify', part: 0, member: 'a', contribution: mine })
  answers.push(await answerOf(a, { kind: 'commit', decision: decisionOf(round, fragment), tokens: 100 }))
  await answerOf(b, { kind: 'commit', decision: decisionOf(round, fragment), tokens: 100 })
  return answers
}

/** A group's round, in which `a` and `b` own half of the fragment each. */
async function gather (a: RoundWorker, b: RoundWorker, round: number): Promise<unknown[]> {
  const plan = { round, fragment: 0, members: ['a', 'b'], tokens: 100 }
  const half = Math.floor(layout.size / 2)
  const parts = [{ start: 0, end: half, owner: 'a' }, { start: half, end: layout.size, owner: 'b' }]
  const answers: unknown[] = [await answerOf(a, { kind: 'take', plan })]
  await answerOf(b, { kind: 'take', plan })
  for (const worker of [a, b]) await answerOf(worker, { kind: 'replan', members: ['a', 'b'], parts })
  const mine = await answerOf(a, { kind: 'contribute', part: 1 })
  answers.push(mine, await answerOf(a, { kind: 'verify', part: 0, member: 'b', contribution: await answerOf(b, { kind: 'contribute', part: 0 }) }))
  await answerOf(b, { kind: 'verify', part: 1, member: 'a', contribution: mine })
  const { payload } = await answerOf(b, { kind: 'reduce', part: 1 })
  const reduced = await answerOf(a, { kind: 'reduce', part: 0 })
  answers.push(reduced, await answerOf(a, { kind: 'accept', part: 1, mean: { members: ['a', 'b'], payload } }))
  answers.push(await answerOf(a, { kind: 'forward', part: 1 }), await answerOf(a, { kind: 'forward', part: 0 }))
  await answerOf(b, { kind: 'accept', part: 0, mean: { members: ['a', 'b'], payload: reduced.payload } })
  for (const worker of [a, b]) answers.push(await answerOf(worker, { kind: 'commit', decision: decisionOf(round, 0), tokens: 100 }))
  return answers
}

/** What training adds to weights, so many times: a liar adds a thousandfold, or goes the other way. */
function train ({ fast }: Pick<Replica, 'fast'>, seed: number, times = 1): void {
  fast.forEach((value, index) => { fast[index] = value + times * 1e-3 * Math.cos(7 * seed + index) })
}

/** A round of `a` with one member for each factor by which it lies, a pair's directly and a group's with `a` as the owner of all; all that `a` answered. */
async function judge (a: Replica, method: MethodSpec, round: number, factors: readonly number[]): Promise<unknown[]> {
  const others = factors.map((factor, index) => ({ factor, seed: index + 2, name: `member ${index}`, ...here(`member ${index}`, method, 1) }))
  const members = ['a', ...others.map(({ name }) => name)]
  const plan = { round, fragment: 0, members, tokens: 100 }
  const isGroup = members.length > 2
  train(a, 1)
  const answers: unknown[] = [await answerOf(a.worker, { kind: 'take', plan })]
  for (const other of others) {
    train(other, other.seed, other.factor)
    await answerOf(other.worker, { kind: 'take', plan })
  }
  for (const { worker } of isGroup ? [a, ...others] : []) await answerOf(worker, { kind: 'replan', members, parts: [{ start: 0, end: layout.size, owner: 'a' }] })
  for (const { name, worker } of others) answers.push(await resultOf(a.worker, { kind: 'verify', part: 0, member: name, contribution: await answerOf(worker, { kind: 'contribute', part: 0 }) }))
  if (isGroup) answers.push(await answerOf(a.worker, { kind: 'reduce', part: 0 }))
  answers.push(await answerOf(a.worker, { kind: 'commit', decision: { ...decisionOf(round, 0), members: members.slice(1) }, tokens: 100 }))
  return answers
}

async function held ({ worker, fast, gradient }: Replica): Promise<unknown[]> {
  return [await answerOf(worker, { kind: 'export' }), await answerOf(worker, { kind: 'weights', of: 'slow' }), await answerOf(worker, { kind: 'weights', of: 'fast' }), [...fast], [...gradient]]
}

describe('rounds in a thread of their own', () => {
  it.each<[string, MethodSpec]>([
    ['a pair of NoLoCo in int8', methodPreset('noloco', { codec: 'int8(64)' })],
    ['a pair of the flagship in four fragments', methodPreset('shoal', { codec: 'uniform(4) | rans', fragments: 4, overlapSteps: 0 })],
    ['a pair whose codec loses nothing', methodPreset('fedavg-pairs', { codec: 'fp32' })]
  ])('have the same bits as here: %s', async (_, method) => {
    const [a, b, otherA, otherB] = [await threaded('a', method, 1), here('b', method, 2), here('a', method, 1), here('b', method, 2)]
    expect(a.worker.fragmentLengths).toEqual(otherA.worker.fragmentLengths)
    for (let round = 1; round <= 2; round++) {
      const fragment = (round - 1) % method.fragments
      expect(await meet(a.worker, b.worker, round, fragment)).toEqual(await meet(otherA.worker, otherB.worker, round, fragment))
    }
    expect(await held(a)).toEqual(await held(otherA))
    expect([...a.fast]).not.toEqual([...sharedVector(1)])
  })

  it.each<[string, MethodSpec, number]>([
    ['DiLoCo', methodPreset('diloco', { codec: 'int8(64)' }), 1],
    ['gradients every step', methodPreset('ddp'), 2]
  ])('have the same bits as here where parts have owners: %s', async (_, method, seed) => {
    // Who shares slow weights starts from the same.
    const [a, b, otherA, otherB] = [await threaded('a', method, 1), here('b', method, seed), here('a', method, 1), here('b', method, seed)]
    expect(await gather(a.worker, b.worker, 1)).toEqual(await gather(otherA.worker, otherB.worker, 1))
    expect(await held(a)).toEqual(await held(otherA))
  })

  it.each<[string, MethodSpec, ReadonlyArray<readonly number[]>]>([
    ['a pair, clipped around oneself', methodPreset('noloco', { codec: 'fp32', robust: 'centered-clip' }), [[-1], [1000], [1]]],
    ...(['trimmed-mean', 'median', 'centered-clip', 'flag'] as const).map((robust): [string, MethodSpec, ReadonlyArray<readonly number[]>] =>
      [`the ${robust} of a group`, methodPreset('diloco', { codec: 'fp32', robust }), [[1, -1, 1, 1000]]])
  ])('judge liars, and bound them, to the same bits as here: %s', async (_, method, rounds) => {
    const [a, otherA, trusting] = [await threaded('a', method, 1), here('a', method, 1), here('a', { ...method, robust: 'mean' }, 1)]
    const told: unknown[] = []
    for (const [index, factors] of rounds.entries()) {
      const answers = await judge(a, method, index + 1, factors)
      expect(answers).toEqual(await judge(otherA, method, index + 1, factors))
      await judge(trusting, { ...method, robust: 'mean' }, index + 1, factors)
      told.push(...answers)
    }
    expect(told).toContainEqual(expect.objectContaining({ kind: 'refused', fault: 'FAR_CONTRIBUTION', reason: expect.stringContaining('is believable') as string }))
    expect(await held(a)).toEqual(await held(otherA))
    // all that training and honest members ever add; who trusts is carried off by hundreds of it
    const furthest = (fast: Float32Array): number => Math.max(...sharedVector(1).map((value, index) => Math.abs(value - (fast[index] as number))))
    expect(furthest(a.fast)).toBeLessThan(0.02)
    expect(furthest(trusting.fast)).toBeGreaterThan(0.1)
  })

  it('go on from what a checkpoint kept, and from an adopted replica', async () => {
    const method = methodPreset('noloco', { codec: 'int8(64)' })
    const first = here('a', method, 1)
    await meet(first.worker, here('b', method, 2).worker, 1, 0)
    const state = await answerOf(first.worker, { kind: 'export' })
    const vectors = { fast: sharedVector(0) }
    vectors.fast.set(first.fast)
    const resumed = await RoundThread.start({ self: 'a', method, layout, seed: 3, vectors, compute: DEFAULT_COMPUTE, state: structuredClone(state) })
    threads.push(resumed)
    expect(await answerOf(resumed, { kind: 'export' })).toEqual(state)
    const weights = new Float32Array(layout.size).fill(7)
    await answerOf(resumed, { kind: 'adopt', snapshot: { round: 3, step: 60, weights } })
    expect(vectors.fast.every(value => value === 7)).toBe(true)
    expect(await answerOf(resumed, { kind: 'weights', of: 'slow' })).toEqual(weights)
  })

  it('take what they are given and give what they answer without a copy', async () => {
    const { worker } = await threaded('a', methodPreset('noloco', { codec: 'int8(64)' }), 1)
    const other = here('b', methodPreset('noloco', { codec: 'int8(64)' }), 2).worker
    const plan = { round: 1, fragment: 0, members: ['a', 'b'], tokens: 1 }
    await answerOf(worker, { kind: 'take', plan })
    await answerOf(other, { kind: 'take', plan })
    const contribution = await answerOf(other, { kind: 'contribute', part: 0 })
    const result = await new Promise(resolve => { worker.ask<'verify'>({ kind: 'verify', part: 0, member: 'b', contribution }, resolve) })
    expect(result).toEqual({ kind: 'done', answer: 'verified' })
    expect(contribution.payload.buffer.byteLength).toBe(0)
    const whole = new Float32Array(4)
    expect(handedOver({ whole, again: [whole], part: whole.subarray(1), shared: new Uint8Array(new SharedArrayBuffer(8)) })).toEqual([whole.buffer])
  })

  it('answer in the order in which they were asked, and refuse what cannot be done without ending', async () => {
    const { worker } = await threaded('a', methodPreset('noloco', { codec: 'int8(64)' }), 1)
    const told: string[] = []
    const tell = (name: string) => (result: { readonly kind: string }) => { told.push(`${name} ${result.kind}`) }
    worker.ask<'contribute'>({ kind: 'contribute', part: 0 }, tell('nothing is open:'))
    worker.ask<'take'>({ kind: 'take', plan: { round: 1, fragment: 0, members: ['a', 'b'], tokens: 1 } }, tell('take:'))
    worker.ask<'verify'>({ kind: 'verify', part: 0, member: 'b', contribution: { tokens: 1, payload: Uint8Array.of(1, 2) } }, tell('two bytes:'))
    worker.ask<'take'>({ kind: 'take', plan: { round: 1, fragment: 9, members: ['a'], tokens: 1 } }, tell('no such fragment:'))
    await answerOf(worker, { kind: 'export' })
    expect(told).toEqual(['nothing is open: refused', 'take: done', 'two bytes: refused', 'no such fragment: refused'])
  })

  it('tell whoever asks when they are gone, at once and ever after', async () => {
    const { worker } = await threaded('a', methodPreset('noloco'), 1)
    const asked = resultOf(worker, { kind: 'export' })
    const closed = worker.close()
    expect(['done', 'lost']).toContain((await asked).kind)
    await closed
    expect(await resultOf(worker, { kind: 'export' })).toEqual({ kind: 'lost', reason: 'the thread that averages is gone: it was closed' })
  })

  it('do not start with another model’s checkpoint, nor for who has given up', async () => {
    const state = { slow: new Float32Array(3), momentum: new Float32Array(3) }
    const init = { self: 'a', method: methodPreset('noloco'), layout, seed: 3, vectors: { fast: sharedVector(1) }, compute: DEFAULT_COMPUTE }
    await expect(RoundThread.start({ ...init, state })).rejects.toMatchObject({ code: 'CHECKPOINT_INCOMPATIBLE' })
    const givenUp = new AbortController()
    const start = RoundThread.start(init, givenUp.signal)
    givenUp.abort(new Error('enough'))
    await expect(start).rejects.toThrow('enough')
  })
})
