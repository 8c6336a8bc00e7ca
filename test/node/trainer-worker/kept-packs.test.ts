import { afterEach, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import type { PackKeeper, PackTask } from '../../../src/spsa/pack-keeper.ts'
import type { PackSpec } from '../../../src/spsa/pack-methods.ts'
import type { Pack } from '../../../src/spsa/pack-model.ts'
import { keptPacks } from '../../../src/spsa/pack-players.ts'
import { scalarPresets, unitOf } from '../../../src/spsa/scalar-methods.ts'
import type { TaskResult } from '../../../src/spsa/task-worker.ts'
import { heldWeights } from '../../../src/spsa/weight-source.ts'
import { inner, spec, text } from '../../src/training/support.ts'

const ids = new Uint8Array(new SharedArrayBuffer(text.length))
ids.set(text)
const genesis = genesisWeights(spec, 1)

const open: TrainerClient[] = []
afterEach(async () => { await Promise.all(open.splice(0).map(async trainer => await trainer.close())) })

const kSeed = { ...scalarPresets.fedkseed, peers: 3, learningRate: 0.01, poolSize: 64, localSteps: 4 } as const
const ferret = { ...scalarPresets.ferret, peers: 3, localSteps: 2, directions: 32, snapshotEvery: 4 } as const
const run = { runId: 'run-1', steps: 40 }

async function start (method: PackSpec): Promise<TrainerClient> {
  const trainer = await TrainerClient.start({
    model: spec, inner, seed: 1, samplingSeed: 7, budgetSteps: 40, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, training: { kind: 'tokens', ids }, packs: { method, ...run },
    ...method.kind === 'ferret' ? {} : { scalars: { noise: method.noise, unit: unitOf(method, run.steps) } }
  })
  open.push(trainer)
  return trainer
}

function answering (keeper: PackKeeper | undefined): (task: PackTask) => Promise<TaskResult<unknown>> {
  return async task => await new Promise(resolve => { keeper?.ask(task, resolve) })
}

function packs (window: number): Pack[] {
  return Array.from({ length: 9 }, (_, at) => ({
    peer: `peer ${at % 3}`, firstStep: window * Math.floor(at / 3), levels: Int8Array.from({ length: window }, (_level, step) => 40 + at * step % 20), pool: new Uint16Array(window)
  }))
}

it.each([['fedkseed', kSeed], ['ferret', ferret]] as const)('the weights of a run of %s in the trainer’s thread are the same bits as of one who keeps them at once', async (_, method) => {
  const trainer = await start(method)
  const [there, here] = [answering(trainer.packs), answering(keptPacks(method, run, { base: heldWeights(genesis), integers: new Int32Array(genesis.length), trained: trainer.weights }))]
  const window = method.kind === 'ferret' ? method.directions : method.localSteps
  const came = packs(window)
  const sums = Int32Array.from({ length: kSeed.poolSize }, (_sum, index) => 100 * index)
  const tasks: readonly PackTask[] = [
    { kind: 'move', added: came.slice(0, 7), withdrawn: [] }, { kind: 'hash', packs: came.slice(0, 4) }, { kind: 'own', contribution: { seed: [1, 2], amount: 5000 } }, { kind: 'hash', packs: came },
    { kind: 'read' }, { kind: 'takeBack' }, { kind: 'read' }, { kind: 'move', added: came.slice(7), withdrawn: came.slice(0, 1) }, { kind: 'rebuild' }, { kind: 'read' },
    ...method.kind === 'ferret'
      ? [{ kind: 'compact', step: 4 * window }, { kind: 'begin', start: { step: 4 * window, packs: 9, weights: genesis.map(weight => weight + 1) } }] as const
      : [{ kind: 'compact', step: 4 * window, sums }, { kind: 'begin', start: { step: 4 * window, packs: 9, sums } }] as const,
    { kind: 'begin', start: undefined, modelHash: 'of others' }, { kind: 'read' }
  ]
  for (const task of tasks) expect(await there(task), task.kind).toEqual(await here(task))
  expect(await here({ kind: 'begin', start: undefined, modelHash: 'of others' })).toEqual({ kind: 'done', value: 'a snapshot makes other weights than were told of it' })
})

it('first-order steps begin where the packs lead, and become coordinates there', async () => {
  const trainer = await start(ferret)
  const there = answering(trainer.packs)
  const own = genesis.slice()
  const here = keptPacks(ferret, run, { base: heldWeights(genesis), integers: new Int32Array(genesis.length), trained: own })
  const came = packs(ferret.directions)
  for (const task of [{ kind: 'move', added: came, withdrawn: [] }, { kind: 'settle' }] as const) {
    await there(task)
    here.do(task)
  }
  expect(trainer.weights).toEqual(own)
  expect(trainer.weights).not.toEqual(genesis)
  expect(await new Promise(resolve => { trainer.train(2, resolve) })).toMatchObject({ kind: 'reached', step: 2 })
  expect(trainer.weights).not.toEqual(own)
  own.set(trainer.weights)
  const told = await there({ kind: 'tell', round: 3, peer: 'ann' })
  expect(told).toEqual({ kind: 'done', value: here.do({ kind: 'tell', round: 3, peer: 'ann' }) })
  expect(told).toMatchObject({ value: { levels: expect.any(Int8Array) as Int8Array } })
})

it('whoever asks a thread that is gone hears so', async () => {
  const trainer = await start(kSeed)
  const ask = answering(trainer.packs)
  await trainer.close()
  expect(await ask({ kind: 'read' })).toMatchObject({ kind: 'lost' })
})
