import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../../node/backends/contract.ts'
import { TrainerClient } from '../../../node/trainer-worker/client.ts'
import type { StepProgress, TrainerInit } from '../../../node/trainer-worker/client.ts'
import { charactersFile } from '../../../src/data/tokenizers/tokenizer-file.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { WASM_VARIANTS, bestInstructions } from '../../../src/kernels/wasm-binaries.ts'
import type { TrainingOutcome } from '../../../src/ports.ts'
import type { TrainerState } from '../../../src/training/trainer-state.ts'
import { inner, replicaOn, spec, text, train as trainHere } from '../../src/training/support.ts'
import { use } from '../../src/kernels/support.ts'

function shared (bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length))
  copy.set(bytes)
  return copy
}

const init: TrainerInit = {
  model: spec, inner, seed: 1, samplingSeed: 7, budgetSteps: 40, compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, training: { kind: 'tokens', ids: shared(text) }, heldOut: { kind: 'text', ids: text.subarray(0, 200), bytes: 200, characters: 200 }
}

const open: TrainerClient[] = []
async function start (changes: Partial<TrainerInit> = {}): Promise<TrainerClient> {
  const trainer = await TrainerClient.start({ ...init, ...changes })
  open.push(trainer)
  return trainer
}
afterEach(async () => { await Promise.all(open.splice(0).map(async trainer => await trainer.close())) })

async function train (trainer: TrainerClient, untilStep: number): Promise<TrainingOutcome> {
  return await new Promise(resolve => trainer.train(untilStep, resolve))
}

describe('the trainer in its worker', () => {
  it('starts at genesis and trains to the same bits as in this thread', async () => {
    const trainer = await start()
    expect(trainer.weights).toEqual(genesisWeights(spec, 1))
    expect(trainer).toMatchObject({ step: 0, backend: expect.stringMatching(/^wasm, .*SIMD, 1 thread$/) as string, kernelVariant: WASM_VARIANTS[bestInstructions()] })
    expect(await train(trainer, 8)).toMatchObject({ kind: 'reached', step: 8, tokens: 128 })
    const here = replicaOn(await use('wasm', bestInstructions()))
    await trainHere(here, 8)
    expect(await trainer.readState()).toEqual(await here.readState())
    expect([...trainer.weights]).toEqual([...(await here.readState()).weights])
    expect(trainer.secondsTraining).toBeGreaterThan(0)
    here.dispose()
  })

  it('goes on from a stored state with the same bits', async () => {
    const whole = await start()
    await train(whole, 10)
    const half = await start()
    await train(half, 4)
    const resumed = await start({ state: await half.readState() })
    expect(resumed.step).toBe(4)
    await train(resumed, 10)
    expect(await resumed.readState()).toEqual(await whole.readState())
  })

  it('takes up weights written between two trainings', async () => {
    const trainer = await start()
    await train(trainer, 5)
    const trained = await trainer.evaluate()
    trainer.weights.set(genesisWeights(spec, 1))
    const genesis = await trainer.evaluate()
    expect(genesis).toEqual(await trainer.evaluate(genesisWeights(spec, 1)))
    expect(genesis.tokens).toBe(199)
    expect(genesis.loss).not.toBe(trained.loss)
    await train(trainer, 6)
    expect(trainer.weights).not.toEqual(genesisWeights(spec, 1))
  })

  it('gives an evaluation up when its signal aborts, and goes on', async () => {
    const trainer = await start({ compute: { ...DEFAULT_COMPUTE, backend: 'cpu' }, heldOut: { kind: 'text', ids: new Uint8Array(100_000), bytes: 100_000, characters: 100_000 } })
    const stop = new AbortController()
    const given = trainer.evaluate(undefined, stop.signal)
    stop.abort(new Error('no time'))
    await expect(given).rejects.toThrow('no time')
    await expect(trainer.evaluate(undefined, stop.signal)).rejects.toThrow('no time')
    expect(await train(trainer, 1)).toMatchObject({ kind: 'reached', step: 1 })
  })

  it('copies its state only where the evaluation just before was better', async () => {
    const trainer = await start()
    const { loss } = await trainer.evaluate()
    await trainer.readState()
    expect(await trainer.readStateBelow(loss + 1)).toBeUndefined()
    const states = [trainer.evaluate(), trainer.readStateBelow(loss), trainer.evaluate(), trainer.readStateBelow(loss + 1)]
    const [, worse, , better] = await Promise.all(states)
    expect(worse).toBeUndefined()
    expect(better).toEqual(await trainer.readState())
  })

  it('reaches a step that it has passed at once', async () => {
    const trainer = await start()
    await train(trainer, 2)
    expect(await train(trainer, 2)).toMatchObject({ kind: 'reached', step: 2, tokens: 0 })
  })

  it('stops after the step under way, and this thread runs meanwhile', async () => {
    const trainer = await start({ budgetSteps: 0 })
    const seen: StepProgress[] = []
    const outcome = new Promise<TrainingOutcome>(resolve => trainer.train(Number.MAX_SAFE_INTEGER, resolve))
    // Progress can only arrive while training computes if this thread's event loop is free.
    await new Promise<void>(resolve => { trainer.onStep(progress => { seen.push(progress); resolve() }) })
    expect(() => trainer.train(5, () => undefined)).toThrow(/under way/)
    trainer.stop()
    const stopped = await outcome
    expect(stopped.kind).toBe('stopped')
    expect(trainer.step).toBeGreaterThanOrEqual(seen[0]!.step)
    expect(seen[0]).toMatchObject({ tokens: seen[0]!.step * 16 })
    expect(seen[0]!.tokensPerSecond).toBeGreaterThan(0)
  })

  it('fails in a sentence on weights that make no loss, and can go on from good ones', async () => {
    const trainer = await start()
    trainer.weights.fill(NaN)
    expect(await train(trainer, 3)).toEqual({ kind: 'failed', reason: expect.stringContaining('loss of step 1 is NaN') as string })
    trainer.weights.set(genesisWeights(spec, 1))
    expect(await train(trainer, 3)).toMatchObject({ kind: 'reached', step: 3 })
  })

  it('writes text', async () => {
    const trainer = await start()
    const request = { prompt: 'the ', tokens: 12, temperature: 1, topK: 20, seed: 1 }
    expect(await trainer.sample(request)).toBe(await trainer.sample({ ...request, weights: genesisWeights(spec, 1) }))
    await expect(trainer.sample({ ...request, temperature: -1 })).rejects.toMatchObject({ code: 'TRAINER_FAILED' })
  })

  it('tells of text as it is written, and ends it when the signal says so', async () => {
    const trainer = await start()
    const request = { prompt: 'the ', tokens: 1_000_000, temperature: 1, topK: 20, seed: 1 }
    const controller = new AbortController()
    let pieces = ''
    const onText = (piece: string): void => {
      pieces += piece
      if (pieces.length > 20) controller.abort()
    }
    const text = await trainer.sample(request, { onText, signal: controller.signal })
    expect(text).toBe(pieces)
    expect(text.length).toBeGreaterThan(20)
    expect(await trainer.sample(request, { signal: AbortSignal.abort() })).toBe('')
    expect(await trainer.sample({ ...request, tokens: 5 }, { onText: piece => { pieces += piece } })).toBe(pieces.slice(text.length))
  })
})

describe('a trainer that cannot go on', () => {
  it('refuses a state of another model', async () => {
    const state = { step: 0, weights: new Float32Array(3), firstMoment: new Float32Array(3), secondMoment: new Float32Array(3) }
    await expect(start({ state })).rejects.toMatchObject({ code: 'CHECKPOINT_INCOMPATIBLE' })
  })

  it('refuses a shard without a window', async () => {
    await expect(start({ training: { kind: 'tokens', ids: text.subarray(0, 4) } })).rejects.toMatchObject({ code: 'TRAINER_FAILED' })
  })

  it('says that its token file shrank, and has not moved a weight', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-tokens-'))
    const path = join(folder, 'shard.ids')
    writeFileSync(path, text)
    try {
      const trainer = await start({ training: { kind: 'token-file', path, idWidth: 1, length: text.length } })
      const memory = await start()
      expect(await train(trainer, 3)).toMatchObject({ kind: 'reached' })
      await train(memory, 3)
      expect(await trainer.readState()).toEqual(await memory.readState())
      const before = await trainer.readState()
      truncateSync(path, 1)
      expect(await train(trainer, 5)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('changed while it was trained on') as string })
      expect(await trainer.readState()).toEqual(before)
      expect(trainer.step).toBe(3)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('writes and judges in the ids of a tokenizer file', async () => {
    const tokenizer = charactersFile(['a', 'b', 'é'])
    const trainer = await start({ tokenizer, training: { kind: 'tokens', ids: Uint16Array.from({ length: 100 }, (_, index) => 16 + index % 3) }, heldOut: { kind: 'text', ids: Uint16Array.of(16, 17, 18, 16), bytes: 5, characters: 4 } })
    expect((await trainer.evaluate()).tokens).toBe(3)
    await train(trainer, 20)
    const written = await trainer.sample({ prompt: 'ab', tokens: 9, temperature: 0, topK: 1, topP: 1, seed: 1 })
    expect(written).toMatch(/^[abé]+$/)
    await expect(start({ tokenizer: '{}' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  it('fails whatever is asked once it is closed', async () => {
    const trainer = await start({ budgetSteps: 0 })
    const training = train(trainer, Number.MAX_SAFE_INTEGER)
    const text = trainer.sample({ prompt: '', tokens: 1, temperature: 1, topK: 0, seed: 1 })
    const refused = expect(text).rejects.toMatchObject({ code: 'TRAINER_FAILED' })
    await trainer.close()
    expect((await training).kind).toBe('failed')
    await refused
    await expect(trainer.evaluate()).rejects.toMatchObject({ code: 'TRAINER_FAILED' })
    await trainer.close()
  })

  it('abandons its start when the signal aborts', async () => {
    await expect(TrainerClient.start(init, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    const controller = new AbortController()
    const starting = TrainerClient.start(init, { signal: controller.signal })
    controller.abort()
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('a trainer whose thread runs out of memory', () => {
  it('says so to everybody who waits, and leaves the weights of the last training that ended', async () => {
    const trainer = await start({
      heapMegabytes: 48, budgetSteps: 0, tokenizer: charactersFile(['a', 'b', 'é']), training: { kind: 'tokens', ids: Uint16Array.from({ length: 100 }, (_, index) => 16 + index % 3) }
    })
    expect(await train(trainer, 2)).toMatchObject({ kind: 'reached' })
    const weights = trainer.weights.slice()
    // The tokens of its prompt take more than the heap has.
    const text = expect(trainer.sample({ prompt: 'a'.repeat(2 ** 24), tokens: 1, temperature: 1, topK: 0, topP: 1, seed: 1 })).rejects.toMatchObject({ code: 'TRAINER_FAILED', why: expect.stringContaining('memory') as string })
    expect(await train(trainer, 1000)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('memory') as string })
    await text
    expect(trainer.weights).toEqual(weights)
    await expect(trainer.readState()).rejects.toMatchObject({ code: 'TRAINER_FAILED' })
  })

  it('says so when it has too little to begin with', async () => {
    await expect(TrainerClient.start({ ...init, heapMegabytes: 2 })).rejects.toMatchObject({ code: 'TRAINER_FAILED', why: expect.stringContaining('memory') as string })
  })
})

describe('a trainer that learns late what it goes on from', () => {
  it('goes on from it with the same bits, and begins at genesis without any', async () => {
    const half = await start()
    await train(half, 4)
    const state = await half.readState()
    let give: (state: TrainerState | undefined) => void = () => undefined
    const starting = TrainerClient.start(init, { state: new Promise(resolve => { give = resolve }) })
    give(state)
    const late = await starting
    open.push(late)
    expect(late.step).toBe(4)
    await Promise.all([train(late, 6), train(half, 6)])
    expect(await late.readState()).toEqual(await half.readState())
    const fresh = await TrainerClient.start(init, { state: Promise.resolve(undefined) })
    open.push(fresh)
    expect(fresh.step).toBe(0)
  })

  it('ends with the reason for which there is none', async () => {
    await expect(TrainerClient.start(init, { state: Promise.reject(new Error('nobody gives it')) })).rejects.toThrow('nobody gives it')
  })
})

describe('a throttled trainer', () => {
  it('gives the same bits, and does not rest after the last step', async () => {
    const [whole, resting] = [await start(), await start({ compute: { ...init.compute, throttle: 1e-9 } })]
    await train(whole, 1)
    expect(await train(resting, 1)).toMatchObject({ kind: 'reached', step: 1 })
    expect(await resting.readState()).toEqual(await whole.readState())
  })
})

describe('on the cpu backend', () => {
  let outcome: TrainingOutcome
  beforeAll(async () => { outcome = await train(await start({ compute: { ...DEFAULT_COMPUTE, backend: 'cpu' } }), 2) })
  it('trains as well', () => expect(outcome).toMatchObject({ kind: 'reached', step: 2 }))
})
