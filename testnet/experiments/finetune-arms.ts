import { draftInner } from '../../src/manifest/draft.ts'
import type { Batch } from '../../src/data/batch.ts'
import { words } from '../../src/random/words.ts'
import type { ScalarOutcome, ScalarRequest, TrainingOutcome } from '../../src/ports.ts'
import { Accumulator, accumulatedWeights, amountOf, fixedPoint } from '../../src/spsa/accumulator.ts'
import { clipLevel, nextLimit } from '../../src/spsa/clipping.ts'
import { directionLosses } from '../../src/spsa/direction-losses.ts'
import { ferretArithmetic } from '../../src/spsa/ferret-arithmetic.ts'
import { FerretPeer, evenBlocks } from '../../src/spsa/ferret-peer.ts'
import { KSeedArithmetic, kSeedFixedPoint } from '../../src/spsa/k-seed-arithmetic.ts'
import { KSeedPeer } from '../../src/spsa/k-seed-peer.ts'
import type { KSeedRules } from '../../src/spsa/k-seed-peer.ts'
import { rademacher } from '../../src/spsa/noise.ts'
import type { Noise } from '../../src/spsa/noise.ts'
import { KeptPacks } from '../../src/spsa/pack-keeper.ts'
import { scalarCodec } from '../../src/spsa/scalar-codec.ts'
import { seedOfStep } from '../../src/spsa/seeds.ts'
import { heldWeights, readAll } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'
import { VirtualClock } from '../simulator/virtual-clock.ts'
import { FINETUNE, togetherSampler } from './finetune-ground.ts'
import type { FinetuneGround } from './finetune-ground.ts'
import { RealLearner } from './method-learner.ts'

/** After so much of one peer's work. */
export interface FinetunePoint {
  readonly forwardPasses: number
  readonly bytes: number
  readonly loss: number
}

export interface FinetuneArm {
  readonly name: string
  readonly title: string
  /** Everything that the result depends on besides the ground. */
  readonly settings: Readonly<Record<string, number | string>>
  readonly run: (ground: FinetuneGround) => Promise<FinetunePoint[]>
}

const RECEIVERS = FINETUNE.peers - 1
const EPSILON = 1e-3
/** What a signed pack costs besides its steps: head, hash and signature of a ledger's entry. */
const PACK_BYTES = 140
/** Levels beyond this, scalars of 90, are clipped: losses of text move by far less. */
const LARGEST_LEVEL = 100
/** Whole matrices are made at a time: this machine has the memory, and the losses are then those of inference, bit for bit. */
const WHOLE = Infinity
const MARKS = 12

function isMark (step: number, steps: number): boolean {
  return step % Math.max(1, Math.floor(steps / MARKS)) === 0 || step === steps
}

/** Averages gradients every step (`ddp`): a backward pass costs two forward ones. */
export function gradientArm (steps: number, learningRate: number): FinetuneArm {
  return {
    name: `ddp-rate${learningRate}-steps${steps}`, title: 'gradients averaged every step, AdamW', settings: { steps, learningRate },
    run: async ground => {
      const inner = draftInner({ steps, batch: FINETUNE.batch, learningRate })
      const learner = new RealLearner({ model: ground.model, kernels: ground.kernels, inner, budgetSteps: steps, sample: togetherSampler(ground.samplers), genesis: ground.start })
      const ring = 2 * RECEIVERS / FINETUNE.peers * 4 * ground.model.layout.size
      const points = [{ forwardPasses: 0, bytes: 0, loss: await ground.judge(ground.start) }]
      for (let step = 1; step <= steps; step++) {
        await learner.train(step)
        if (isMark(step, steps)) points.push({ forwardPasses: 3 * step, bytes: ring * step, loss: await ground.judge(learner.weights) })
      }
      learner.dispose()
      return points
    }
  }
}

async function measureAt (ground: FinetuneGround, weights: WeightSource, noise: Noise, batch: Batch, request: ScalarRequest): Promise<ScalarOutcome> {
  const losses = await directionLosses({ model: ground.model, weights, noise, batch, valuesAtOnce: WHOLE }, request)
  return losses === undefined ? { kind: 'stopped', step: request.step } : { kind: 'measured', losses, tokens: batch.targets.length }
}

/** All peers hold the same bits, so one model stands for all: each measures its own batch along its own direction, and bytes count after each window of 16. */
export function oneByteArm (steps: number, learningRate: number, variant: { readonly name: string, readonly title: string, readonly noiseOf: (ground: FinetuneGround) => Noise }): FinetuneArm {
  const window = 16
  return {
    name: `${variant.name}-rate${learningRate}-steps${steps}`, title: variant.title, settings: { steps, learningRate, epsilon: EPSILON, window },
    run: async ground => {
      const [codec, noise] = [scalarCodec(), variant.noiseOf(ground)]
      const point = fixedPoint(learningRate * codec.decode(LARGEST_LEVEL), steps * FINETUNE.peers, noise)
      const accumulator = new Accumulator(new Int32Array(ground.start.length), noise)
      const weights = accumulatedWeights(heldWeights(ground.start), accumulator, point.unit)
      const points = [{ forwardPasses: 0, bytes: 0, loss: await ground.judge(ground.start) }]
      let limit = LARGEST_LEVEL
      for (let first = 0; first < steps; first += window) {
        const bytes: Array<{ readonly step: number, readonly peer: number, readonly level: number }> = []
        for (let step = first; step < first + window; step++) {
          for (const [peer, sample] of ground.samplers.entries()) {
            const outcome = await measureAt(ground, weights, noise, sample(step), { step, epsilon: EPSILON, directions: [{ seed: seedOfStep('finetune', step, `${peer}`) }] })
            const { above, below } = (outcome.kind === 'measured' ? outcome.losses[0] : undefined) ?? { above: NaN, below: NaN }
            bytes.push({ step, peer, level: codec.encode((above - below) / (2 * EPSILON)) })
          }
        }
        accumulator.add(bytes.map(({ step, peer, level }) => ({
          seed: seedOfStep('finetune', step, `${peer}`),
          amount: amountOf(learningRate * (1 - 0.9 * step / steps) * codec.decode(clipLevel(level, limit)), point)
        })))
        limit = nextLimit(bytes.map(({ level }) => level), limit, { levelsAboveMedian: 16, ceiling: LARGEST_LEVEL })
        const done = first + window
        if (isMark(done / window, steps / window)) points.push({ forwardPasses: 2 * done, bytes: RECEIVERS * (PACK_BYTES + window) * done / window, loss: await ground.judge(readAll(weights)) })
      }
      return points
    }
  }
}

/** Eight peers of `KSeedPeer` on a virtual clock. @param levelsAboveMedian up to which a round's scalars count */
export function kSeedArm (rounds: number, localSteps: number, learningRate: number, levelsAboveMedian: number): FinetuneArm {
  return {
    name: `fedkseed-rate${learningRate}-rounds${rounds}x${localSteps}-margin${levelsAboveMedian}`, title: `FedKSeed, a margin of ${levelsAboveMedian}`,
    settings: { rounds, localSteps, learningRate, poolSize: 1024, epsilon: EPSILON, levelsAboveMedian },
    run: async ground => {
      const clock = new VirtualClock()
      const rules: KSeedRules = {
        runId: 'finetune', poolSize: 1024, localSteps, rounds, peers: FINETUNE.peers, epsilon: () => EPSILON, learningRate: () => learningRate, largestLearningRate: learningRate,
        codec: scalarCodec(), largestLevel: LARGEST_LEVEL, levelsAboveMedian, noise: rademacher, isPro: false
      }
      const points = [{ forwardPasses: 0, bytes: 0, loss: await ground.judge(ground.start) }]
      const keepers = ground.samplers.map(() => new KeptPacks({ base: heldWeights(ground.start), integers: new Int32Array(ground.start.length), trained: new Float32Array(0) }, new KSeedArithmetic(rules)))
      const thetaOf = (self: number): WeightSource => (keepers[self] as KeptPacks).model.weights
      const peers: KSeedPeer[] = ground.samplers.map((sample, self) => new KSeedPeer(rules, {
        peer: `peer-${self}`, keeper: keepers[self] as KeptPacks, draws: words(FINETUNE.seed, 510, self),
        measure: (request, done) => {
          clock.schedule(1, async () => { done(await measureAt(ground, thetaOf(self), rules.noise, sample(request.step), request)) })
        },
        // All end a round at the same moment and go on at once: packs of others count one round late.
        send: (pack, sent) => {
          clock.schedule(0.5, () => { for (const [index, peer] of peers.entries()) if (index !== self) peer.receive([pack]) })
          sent()
        },
        report: event => {
          if (self !== 0 || event.kind !== 'round' || !isMark(event.round, rounds)) return
          clock.schedule(0.75, async () => {
            const weights = readAll((peers[0] as KSeedPeer).pool.weights(heldWeights(ground.start), kSeedFixedPoint(rules).unit))
            points.push({ forwardPasses: 2 * localSteps * event.round, bytes: RECEIVERS * (PACK_BYTES + 3 * localSteps) * event.round, loss: await ground.judge(weights) })
          })
        }
      }))
      for (const peer of peers) peer.start()
      while (await clock.advanceWhenReady());
      return points
    }
  }
}

/** Eight peers of `FerretPeer` on a virtual clock, first-order steps between packs. @param levelsAboveMedian up to which a round's coordinates count */
export function ferretArm (rounds: number, localSteps: number, learningRate: number, directions: number, levelsAboveMedian: number): FinetuneArm {
  return {
    name: `ferret-rate${learningRate}-rounds${rounds}x${localSteps}-k${directions}-margin${levelsAboveMedian}`, title: `Ferret, ${directions} coordinates a round, a margin of ${levelsAboveMedian}`,
    settings: { rounds, localSteps, learningRate, directions, bytesACoordinate: 3, levelsAboveMedian },
    run: async ground => {
      const clock = new VirtualClock()
      const rules = {
        runId: 'finetune', blocks: evenBlocks(ground.model.layout.size, 4096), directions, localSteps, rounds, peers: FINETUNE.peers, noise: rademacher, codec: scalarCodec(1e-8), largestLevel: 96, levelsAboveMedian
      }
      const inner = draftInner({ steps: rounds * localSteps, batch: FINETUNE.batch, learningRate })
      const points = [{ forwardPasses: 0, bytes: 0, loss: await ground.judge(ground.start) }]
      const learners = ground.samplers.map(sample => new RealLearner({ model: ground.model, kernels: ground.kernels, inner, budgetSteps: rounds * localSteps, sample, genesis: ground.start }))
      const keepers = learners.map(({ weights }) => new KeptPacks({ base: heldWeights(ground.start), integers: new Int32Array(ground.start.length), trained: weights }, ferretArithmetic(rules)))
      const peers: FerretPeer[] = learners.map((learner, self) => new FerretPeer(rules, {
        peer: `peer-${self}`, keeper: keepers[self] as KeptPacks,
        train: (steps, done) => {
          clock.schedule(1, async () => {
            const untilStep = (peers[self] as FerretPeer).step + steps
            const outcome: TrainingOutcome = { kind: 'reached', step: untilStep, ...await learner.train(untilStep) }
            done(outcome)
          })
        },
        send: (pack, sent) => {
          clock.schedule(0.5, () => { for (const [index, peer] of peers.entries()) if (index !== self) peer.receive([pack]) })
          sent()
        },
        report: event => {
          if (self !== 0 || event.kind !== 'round' || !isMark(event.round, rounds)) return
          const done = event.round
          clock.schedule(0.75, async () => {
            points.push({ forwardPasses: 3 * localSteps * done, bytes: RECEIVERS * (PACK_BYTES + 3 * directions) * done, loss: await ground.judge(readAll((keepers[0] as KeptPacks).model.weights)) })
          })
        }
      }))
      for (const peer of peers) peer.start()
      while (await clock.advanceWhenReady());
      for (const learner of learners) learner.dispose()
      return points
    }
  }
}
