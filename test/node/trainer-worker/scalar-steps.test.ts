import { afterEach, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import type { ScalarOutcome, ScalarRequest } from '../../../src/ports.ts'
import { noiseOf } from '../../../src/spsa/noise.ts'
import { inner, spec, text } from '../../src/training/support.ts'

const ids = new Uint8Array(new SharedArrayBuffer(text.length))
ids.set(text)
const UNIT = 2 ** -20

const open: TrainerClient[] = []
afterEach(async () => { await Promise.all(open.splice(0).map(async trainer => await trainer.close())) })

async function start (): Promise<{ readonly trainer: TrainerClient, readonly measure: (request: ScalarRequest) => Promise<ScalarOutcome>, readonly integers: Int32Array }> {
  const trainer = await TrainerClient.start({
    model: spec, inner, seed: 1, samplingSeed: 7, budgetSteps: 40, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, training: { kind: 'tokens', ids }, heldOut: { kind: 'text', ids, bytes: ids.length, characters: ids.length },
    scalars: { noise: 'rademacher', unit: UNIT }
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
