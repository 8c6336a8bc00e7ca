import { genesisWeights } from '../../src/models/genesis.ts'
import type { BatchSampler } from '../../src/data/batch.ts'
import type { OneByteSpec } from '../../src/manifest/scalar-schema.ts'
import { ByteModel, modelMemory } from '../../src/spsa/byte-model.ts'
import { directionLosses } from '../../src/spsa/direction-losses.ts'
import { encodeHalf, toldOf } from '../../src/spsa/half-loss.ts'
import type { Told } from '../../src/spsa/half-loss.ts'
import type { Entry } from '../../src/spsa/ledger-entry.ts'
import { FIRST_LINK } from '../../src/spsa/ledger-entry.ts'
import type { OneByteRules } from '../../src/spsa/one-byte-ports.ts'
import { PairFormer, levelOf, pairName, sideOf } from '../../src/spsa/pair-former.ts'
import type { PairRules } from '../../src/spsa/pair-former.ts'
import { partnerIn } from '../../src/spsa/partners.ts'
import { ONE_A_STEP } from '../../src/spsa/places.ts'
import { oneByteRules, scalarPresets } from '../../src/spsa/scalar-methods.ts'
import { batchOfPair, directionsAt } from '../../src/spsa/seeds.ts'
import { stepBytesOf } from '../../src/spsa/step-bytes.ts'
import { readAll } from '../../src/spsa/weight-source.ts'
import type { WeightSource } from '../../src/spsa/weight-source.ts'
import { encodeTag, tagged } from '../../src/spsa/window-tag.ts'
import { quadraticProblem } from '../simulator/scalar-problems.ts'
import { runScalarSwarm } from '../simulator/scalar-swarm.ts'
import { PACK_BYTES, VARIANT_MODEL } from './variants-arms.ts'
import type { VariantGround, VariantPoint } from './variants-arms.ts'

/** Of the forward passes, where losses are told. */
export const MARKS = [0.25, 0.5, 1] as const
export const SHARED_SEEDS = 6
/** Windows that nobody has a partner in. */
export const ALONE = 2

/** 64 digits, as a key has. */
const keyOf = (peer: number): string => String(peer).repeat(64)

/** Peers that share passes over links that are ideal: all hold the same bits, so that one model of bytes stands for all, and every half finds the other one. */
export async function runShared (ground: VariantGround, method: OneByteSpec, steps: number, seed: number): Promise<VariantPoint[]> {
  const runId = `variants-${seed}`
  const rules = oneByteRules(method, { runId, steps, isMember: () => true })
  const { sharing, model, ledger: { window, steps: end } } = rules
  if (sharing === undefined) throw new RangeError('these peers share nothing')
  const [former, bytes, samplers] = [new PairFormer(sharing), new ByteModel(modelMemory(genesisWeights(VARIANT_MODEL, seed)), model), ground.samplers(seed)]
  const names = samplers.map((_, peer) => keyOf(peer))
  const points: VariantPoint[] = []
  let [passes, coming] = [0, [] as ReturnType<PairFormer['change']>['added']]
  const count = (): void => { bytes.add(coming.flatMap(pack => stepBytesOf(pack, runId))) }
  for (let firstStep = 0; firstStep < end; firstStep += window) {
    const index = firstStep / window
    const entries: Entry[] = []
    for (const name of names) {
      const partner = index < ALONE ? undefined : partnerIn(names, name, runId, index)
      entries.push(await measuredBy(name, partner, firstStep, { ground, rules, sharing, weights: bytes.weights, samplers }))
      if (name === names[0]) passes += (partner === undefined ? 2 : 1) * method.window
    }
    count()
    coming = former.change(entries, []).added
    if (firstStep + window === end) count()
    if (MARKS.some(share => index + 1 === Math.round(share * end / window))) {
      points.push({ forwardPasses: passes, bytes: (index + 1) * (PACK_BYTES + 3 * window), loss: await ground.judge(readAll(bytes.weights)) })
    }
  }
  return points
}

interface Measured {
  readonly ground: VariantGround
  readonly rules: OneByteRules
  readonly sharing: PairRules
  readonly weights: WeightSource
  readonly samplers: readonly BatchSampler[]
}

/** What a peer sends of a window. */
async function measuredBy (name: string, partner: string | undefined, firstStep: number, { ground, rules, sharing, weights, samplers }: Measured): Promise<Entry> {
  const { ledger: { runId, window }, model: { noise }, places = ONE_A_STEP } = rules
  const side = partner === undefined ? undefined : sideOf(name, partner)
  const group = partner === undefined ? name : pairName(name, partner)
  const told: Told[] = encodeTag({ weights: tagged(keyOf(0)), partner: tagged(partner ?? name) })
  while (told.length < window) {
    const place = firstStep + told.length
    const step = places.stepAt(place)
    const epsilon = rules.epsilon(step)
    const batch = batchFrom(samplers, batchOfPair(runId, step, group))
    const losses = await directionLosses({ model: ground.model, weights, noise, batch, valuesAtOnce: Infinity }, { step, epsilon, directions: directionsAt(runId, place, places.perStep, group), side }) ?? []
    told.push(...losses.map(({ above, below }) => side === undefined
      ? { level: levelOf((above - below) / (2 * epsilon), sharing), seed: 0 }
      : encodeHalf(side === 'above' ? above : below, 2 * epsilon * sharing.codec.smallest)))
  }
  return { peer: name, index: firstStep / window, firstStep, ...toldOf(told, true), previous: FIRST_LINK, signature: FIRST_LINK }
}

/** Every batch from one of the shards, which are alike: together they are what all peers have. */
function batchFrom (samplers: readonly BatchSampler[], batch: number): ReturnType<BatchSampler> {
  return (samplers[batch % samplers.length] as BatchSampler)(batch)
}

/** What a swarm of eight sends and how long it takes in virtual time, everything included. */
export interface SharedWire {
  readonly bytesPerStepAndPeer: number
  readonly secondsPerStep: number
  readonly passesPerStepAndPeer: number
}

export const WIRE = { peers: 8, steps: 512, weights: 64 } as const

export function wireOf (passes: 'own' | 'shared'): SharedWire {
  const { window } = scalarPresets['one-byte']
  const { endedMs, bytesPerStepAndPeer, reports, distinctModels } = runScalarSwarm({
    problem: quadraticProblem(WIRE.weights, 1), peers: WIRE.peers, liars: 0, steps: WIRE.steps, window, learningRate: 0.01, clip: { levelsAboveMedian: 60, first: 100, ceiling: 100 },
    lost: 0, repeated: 0, jitterMs: 0, seed: 1, ...passes === 'shared' ? { passes } : {}
  })
  if (distinctModels !== 1) throw new Error('peers with the same bytes have the same bits')
  const halves = reports.filter(report => report.kind === 'sharing' && report.partner !== undefined).length
  return { bytesPerStepAndPeer, secondsPerStep: endedMs / 1000 / WIRE.steps, passesPerStepAndPeer: 2 - halves * window / WIRE.steps / WIRE.peers }
}
