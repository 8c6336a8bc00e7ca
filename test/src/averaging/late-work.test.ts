import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import { workOn } from '../../../src/averaging/round-work.ts'
import type { RoundResult, RoundTaskKind, RoundWorker } from '../../../src/averaging/round-worker.ts'
import type { Trainer } from '../../../src/ports.ts'
import { queued, TaskQueue } from '../../../testnet/simulator/task-queue.ts'
import type { VirtualClock } from '../../../testnet/simulator/virtual-clock.ts'
import type { Scene } from './scripted.ts'
import { contributionOf, plainPairs, present, scene } from './scripted.ts'

const TASK_MS = 300

const workHere = (trainer: Trainer, method = plainPairs): RoundWorker => workOn(trainer, { self: 'm', method, seed: 1 })
const late = (clock: VirtualClock, trainer: Trainer): RoundWorker => queued(workHere(trainer), new TaskQueue(clock, TASK_MS))

/** `m` has trained ten steps, and a second later the task that its first round begins with is done: it has offered round 1 to `z`. */
function atOffer (stage: Scene): Scene {
  stage.peers.view = [present('z')]
  stage.peer.start()
  stage.runTo(1000 + TASK_MS)
  expect(stage.peers.sent.map(({ kind }) => kind)).toEqual(['offer'])
  return stage
}

/** Answers a chosen task only when it is told to, and from then on nothing. */
class Stubborn implements RoundWorker {
  readonly fragmentLengths = [2]
  readonly #worker: RoundWorker
  readonly #kind: RoundTaskKind
  lose: (() => void) | undefined

  constructor (worker: RoundWorker, kind: RoundTaskKind) {
    this.#worker = worker
    this.#kind = kind
  }

  ask: RoundWorker['ask'] = (task, answer) => {
    if (this.lose === undefined && task.kind !== this.#kind) this.#worker.ask(task, answer)
    else this.lose = () => { (answer as (result: RoundResult<RoundTaskKind>) => void)({ kind: 'lost', reason: 'the thread that averages is gone: out of memory' }) }
  }
}

describe('work that is done elsewhere', () => {
  it('keeps the trainer at rest from the outer step to its answer, and nowhere else', () => {
    const { peer, trainer, peers, records, runTo } = atOffer(scene({}, [1, 2], 0, late))
    const before = [...trainer.weights]
    peers.say({ kind: 'accept', round: 1 })
    peers.say(contributionOf([3, 4], 1, 100))
    peers.say({ kind: 'commit', round: 1 })
    // encoding and decoding
    runTo(1000 + 3 * TASK_MS)
    expect(peers.sent.map(({ kind }) => kind)).toEqual(['offer', 'contribution', 'commit'])
    expect(peer.describe().phase).toBe('training')
    runTo(1000 + 4 * TASK_MS - 1)
    expect([[...trainer.weights], trainer.step, records]).toEqual([before, 10, []])
    runTo(1000 + 4 * TASK_MS)
    expect(records).toMatchObject([{ round: 1, outcome: 'averaged', members: ['m', 'z'] }])
    expect([...trainer.weights]).not.toEqual(before)
    expect(trainer.step).toBe(10)
    runTo(1000 + 4 * TASK_MS + 100)
    expect(trainer.step).toBe(11)
  })

  it('has the result that it would have at once', () => {
    const [quick, slow] = [scene(), atOffer(scene({}, [1, 2], 0, late))]
    quick.peers.view = [present('z')]
    quick.peer.start()
    quick.runTo(1000)
    for (const { peers } of [quick, slow]) for (const message of [{ kind: 'accept', round: 1 } as const, contributionOf([3, 4], 1, 100), { kind: 'commit', round: 1 } as const]) peers.say(message)
    slow.runTo(1000 + 4 * TASK_MS)
    expect(slow.trainer.weights).toEqual(quick.trainer.weights)
    expect(slow.records.map(record => ({ ...record, waitedMs: 0 }))).toEqual(quick.records.map(record => ({ ...record, waitedMs: 0 })))
    expect(slow.peers.sent).toEqual(quick.peers.sent)
  })

  it('takes up the copy of a checkpoint between two of a round\'s tasks, with the counts of that moment', async () => {
    const { peer, peers, runTo } = atOffer(scene({}, [1, 2], 0, late))
    peers.say({ kind: 'accept', round: 1 })
    peers.say(contributionOf([3, 4], 1, 100))
    peers.say({ kind: 'commit', round: 1 })
    runTo(1000 + 3 * TASK_MS + 1)
    const [asked, snapshot] = [peer.exportState(), peer.snapshot()]
    runTo(20_000)
    const landed = await asked
    expect(landed).toMatchObject({ round: 1, syncedStep: 10, totals: { rounds: 1, averagedRounds: 1 } })
    expect(await snapshot).toEqual({ round: 1, step: 10, weights: landed.slow })
  })

  it('that is under way when the peer is stopped is waited for, and leaves no timer and no open exchange', async () => {
    const { peer, peers, clock, trainer, runTo } = atOffer(scene({}, [1, 2], 0, late))
    peers.say({ kind: 'accept', round: 1 })
    const weights = [...trainer.weights]
    const stopped = peer.stop()
    runTo(1000 + 2 * TASK_MS)
    await stopped
    expect(peers.closed).toEqual(['this peer ends: stopped at step 10'])
    while (clock.advance()) expect(clock.nowMs()).toBeLessThanOrEqual(1000 + 3 * TASK_MS)
    expect([...trainer.weights]).toEqual(weights)
    expect(peers.listeners).toBe(0)
  })

  it.each(['take', 'contribute', 'verify', 'commit'] as const)('ends the peer with the reason when whoever does it is lost during %s', async kind => {
    let stubborn: Stubborn | undefined
    const stage = scene({}, [1, 2], 0, (_, trainer) => stubborn = new Stubborn(workHere(trainer), kind))
    stage.peers.view = [present('z')]
    stage.peer.start()
    stage.runTo(1000)
    for (const message of [{ kind: 'accept', round: 1 } as const, contributionOf([3, 4], 1, 100), { kind: 'commit', round: 1 } as const]) stage.peers.say(message)
    stubborn?.lose?.()
    expect(await stage.peer.done).toBe('failed')
    expect(stage.events.at(-1)).toEqual({ type: 'finished', reason: 'failed', sentence: 'the thread that averages is gone: out of memory' })
    expect(stage.trainer.step).toBe(10)
    stage.runTo(60_000)
    expect(stage.trainer.step).toBe(10)
  })

  it('that was lost while nothing was asked ends the peer at its next round', async () => {
    const gone: RoundWorker = { fragmentLengths: [2], ask: (_, answer) => { answer({ kind: 'lost', reason: 'it ended with code 1' }) } }
    const stage = scene({}, [1, 2], 0, () => gone)
    stage.peer.start()
    stage.runTo(10_000)
    expect(await stage.peer.done).toBe('failed')
    await expect(stage.peer.exportState()).rejects.toThrow('it ended with code 1')
  })

  it('bounds what waits meanwhile: a partner that talks without end is hung up on, and the round is solo', () => {
    const { peers, records, runTo } = atOffer(scene({}, [1, 2], 0, late))
    peers.say({ kind: 'accept', round: 1 })
    for (let time = 0; time < 1000; time++) peers.say(contributionOf([3, 4], 1, 100))
    expect(peers.closed).toEqual(['80 messages of one exchange wait already'])
    runTo(60_000)
    expect(records[0]).toMatchObject({ outcome: 'solo', reason: expect.stringContaining('80 messages of one exchange wait already') as string })
  })

  it('lets the trainer go on while a fragment is in flight, once what it sends has been copied', () => {
    const method = methodPreset('fedavg-pairs', { everySteps: 10, codec: 'fp32', graceMs: 5000, overlapSteps: 5 })
    const { trainer, peers, peer, records, runTo } = scene({ method }, [1, 2], 0, (clock, own) => queued(workHere(own, method), new TaskQueue(clock, TASK_MS)))
    peers.view = [present('z')]
    peer.start()
    runTo(1000 + TASK_MS - 1)
    expect([trainer.step, peers.sent]).toEqual([10, []])
    runTo(1000 + TASK_MS)
    peers.say({ kind: 'accept', round: 1 })
    runTo(1000 + 2 * TASK_MS)
    expect(peers.sent.map(({ kind }) => kind)).toEqual(['offer', 'contribution'])
    peers.say(contributionOf([3, 4], 1, 100))
    peers.say({ kind: 'commit', round: 1 })
    runTo(1000 + 3 * TASK_MS)
    expect(trainer.step).toBeGreaterThan(10)
    runTo(5000)
    expect(records[0]).toMatchObject({ round: 1, step: 15, outcome: 'averaged' })
  })
})
