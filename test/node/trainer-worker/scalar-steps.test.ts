import { afterEach, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import type { ScalarSettings } from '../../../node/trainer-worker/messages.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import type { ScalarOutcome, ScalarRequest } from '../../../src/ports.ts'
import { modelMemory } from '../../../src/spsa/byte-model.ts'
import { ModelWork } from '../../../src/spsa/model-worker.ts'
import type { ModelResult, ModelTask, ModelTaskKind, ModelTaskOf, ModelWorker } from '../../../src/spsa/model-worker.ts'
import { noiseOf } from '../../../src/spsa/noise.ts'
import { byteModelRules, scalarPresets, unitOf } from '../../../src/spsa/scalar-methods.ts'
import { inner, spec, text } from '../../src/training/support.ts'

const ids = new Uint8Array(new SharedArrayBuffer(text.length))
ids.set(text)
const UNIT = 2 ** -20

const open: TrainerClient[] = []
afterEach(async () => { await Promise.all(open.splice(0).map(async trainer => await trainer.close())) })

const method = scalarPresets['one-byte']
const STEPS = 64
const RUN = 'run-1'

async function start (bytes?: ScalarSettings['bytes']): Promise<{ readonly trainer: TrainerClient, readonly measure: (request: ScalarRequest) => Promise<ScalarOutcome>, readonly integers: Int32Array }> {
  const trainer = await TrainerClient.start({
    model: spec, inner, seed: 1, samplingSeed: 7, budgetSteps: 40, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, training: { kind: 'tokens', ids }, heldOut: { kind: 'text', ids, bytes: ids.length, characters: ids.length },
    scalars: bytes === undefined ? { noise: 'rademacher', unit: UNIT } : { noise: bytes.method.noise, unit: unitOf(bytes.method, bytes.steps), bytes }
  })
  open.push(trainer)
  const { scalars } = trainer
  if (scalars === undefined) throw new Error('it measures nothing')
  return { trainer, integers: scalars.integers, measure: async request => await new Promise(resolve => { scalars.measure(request, resolve) }) }
}

const request: ScalarRequest = { step: 3, epsilon: 1e-2, directions: [{ seed: [1, 2] }, { seed: [3, 4] }] }

it('measures both losses of each direction on the batch of the step, again and again the same, and moves nothing', async () => {
  const { trainer, measure } = await start()
  const first = await measure(request)
  expect(first).toMatchObject({ kind: 'measured', tokens: 16 })
  if (first.kind !== 'measured') return
  expect(first.losses).toHaveLength(2)
  for (const { above, below } of first.losses) expect([above, below].every(Number.isFinite) && above !== below).toBe(true)
  expect(await measure(request)).toEqual(first)
  expect(await measure({ ...request, step: 4 })).not.toEqual(first)
  expect(trainer.step).toBe(5)
  expect(trainer.weights).toEqual(genesisWeights(spec, 1))
})

it('runs one side alone where a partner runs the other, the same losses', async () => {
  const { measure } = await start()
  const both = await measure(request)
  const [above, below] = [await measure({ ...request, side: 'above' }), await measure({ ...request, side: 'below' })]
  if (both.kind !== 'measured' || above.kind !== 'measured' || below.kind !== 'measured') throw new Error('nothing was measured')
  expect(above.losses.map(loss => loss.above)).toEqual(both.losses.map(loss => loss.above))
  expect(below.losses.map(loss => loss.below)).toEqual(both.losses.map(loss => loss.below))
  expect([...above.losses.map(loss => loss.below), ...below.losses.map(loss => loss.above)].every(Number.isNaN)).toBe(true)
})

it('measures, judges and tells the weights that the shared integers make', async () => {
  const { trainer, measure, integers } = await start()
  const [before, judged] = [await measure(request), await trainer.evaluate()]
  noiseOf('rademacher').accumulate(integers, [{ seed: [9, 9], amount: 5000 }], 0)
  expect(await measure(request)).not.toEqual(before)
  expect(await trainer.evaluate()).not.toEqual(judged)
  const { weights, step } = await trainer.readState()
  expect(step).toBe(4)
  expect(weights).toEqual(genesisWeights(spec, 1).map((weight, i) => Math.fround(weight + UNIT * integers[i]!)))
})

it('trains no steps', async () => {
  const { trainer } = await start()
  expect(await new Promise(resolve => { trainer.train(1, resolve) })).toMatchObject({ kind: 'failed' })
})

/** The answers of one who keeps weights. */
function asking (worker: ModelWorker | undefined): <Kind extends ModelTaskKind>(task: ModelTaskOf<Kind>) => Promise<ModelResult<Kind>> {
  return async task => await new Promise(resolve => { worker?.ask(task, resolve) })
}

const packs = Array.from({ length: 12 }, (_, at) => ({ peer: `peer ${at % 3}`, firstStep: 16 * Math.floor(at / 3), levels: Int8Array.from({ length: 16 }, (_, step) => 40 + at * step % 20) }))

it('keeps the weights of a run of bytes, the same bits as one who does so at once, between two measurements', async () => {
  const bytes = { method, runId: RUN, steps: STEPS }
  const { trainer, measure } = await start(bytes)
  const plain = new ModelWork(modelMemory(genesisWeights(spec, 1)), byteModelRules(method, STEPS), RUN)
  const [there, here] = [asking(trainer.scalars?.model), asking(plain)]
  const before = await measure(request)
  const measuring = measure(request)
  // asked while it measures: it has its turn behind that
  const moved = there({ kind: 'move', added: packs.slice(0, 9), withdrawn: [] })
  expect(await measuring).toEqual(before)
  expect(await moved).toEqual({ kind: 'done', value: undefined })
  expect(await measure(request)).not.toEqual(before)
  await here({ kind: 'move', added: packs.slice(0, 9), withdrawn: [] })
  const tasks: readonly ModelTask[] = [
    { kind: 'hash', before: 16 }, { kind: 'move', added: packs.slice(9), withdrawn: packs.slice(0, 2) }, { kind: 'hash', before: Infinity }, { kind: 'read' }, { kind: 'rebuild' }, { kind: 'hash', before: 48 },
    { kind: 'begin', start: { step: 0, limit: 50 }, weights: genesisWeights(spec, 2) }, { kind: 'move', added: packs.slice(3, 5), withdrawn: [] }, { kind: 'hash', before: Infinity }
  ]
  for (const task of tasks) expect(await there(task)).toEqual(await here(task))
})

it('says why it cannot do what it is asked, and that it is gone', async () => {
  const { trainer } = await start({ method, runId: RUN, steps: STEPS })
  const ask = asking(trainer.scalars?.model)
  await ask({ kind: 'begin', start: { step: method.snapshotEvery, limit: 50 } })
  expect(await ask({ kind: 'move', added: packs, withdrawn: [] })).toMatchObject({ kind: 'lost', reason: expect.stringContaining('after the snapshot') as string })
  await trainer.close()
  expect(await ask({ kind: 'read' })).toMatchObject({ kind: 'lost' })
})
