import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { methodPreset } from '../../src/averaging/methods.ts'
import type { MethodSpec } from '../../src/manifest/schema.ts'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { runTestnet } from '../launcher/run-testnet.ts'

/** Paired seeds: every arm runs with each of them. */
export const SEEDS = [1, 2, 3, 4] as const
/** Learning rates are compared on a seed of their own, so that no reported seed chose its own. */
export const TUNING_SEED = 100
export const LEARNING_RATES = [0.002, 0.004, 0.006] as const

const STEPS = 1500
/** Inner steps between two averages, H. */
const EVERY_STEPS = 20
const PEERS = 4
/** Two sequences a step: the small batches with which a swarm visibly pays (algorithms.md, "First measurements"). */
const BATCH = 2
const EVALUATE_EVERY_ROUNDS = 5

export interface Arm {
  readonly name: string
  readonly title: string
  readonly peers: number
  readonly shards: number
  readonly batch: number
  readonly method: MethodSpec
  /** Whether the arm is judged by the merged model or by its replicas' own losses. */
  readonly judgedBy: 'merged' | 'replicas'
}

export interface CurvePoint {
  readonly step: number
  readonly tokens: number
  readonly payloadBytes: number
  readonly loss: number
}

export interface ArmResult {
  readonly arm: string
  readonly title: string
  readonly seed: number
  readonly learningRate: number
  readonly steps: number
  readonly parameters: number
  readonly loss: number
  readonly mergedLoss: number
  readonly replicasLoss: number
  readonly tokensPerPeer: number
  readonly payloadBytesPerPeer: number
  readonly wireBytesPerPeer: number
  readonly allReduceBytesPerPeer: number
  readonly secondsTotal: number
  readonly curve: readonly CurvePoint[]
}

const alone = methodPreset('solo', { everySteps: EVERY_STEPS })
const gossip = methodPreset('noloco', { everySteps: EVERY_STEPS, codec: 'int8(64)' })

export const LEARNING_ARMS: readonly Arm[] = [
  { name: 'one-shard', title: '(a) one peer, the oldest era', peers: 1, shards: PEERS, batch: BATCH, method: alone, judgedBy: 'replicas' },
  { name: 'swarm', title: '(b) four peers, averaging in pairs', peers: PEERS, shards: PEERS, batch: BATCH, method: gossip, judgedBy: 'merged' },
  { name: 'upper-bound', title: '(c) one peer, all eras, 4× the batch', peers: 1, shards: 1, batch: PEERS * BATCH, method: alone, judgedBy: 'replicas' },
  { name: 'apart', title: '(d) four peers, never averaging', peers: PEERS, shards: PEERS, batch: BATCH, method: alone, judgedBy: 'replicas' }
]

/** Runs one cell of the experiment in real peer processes. */
export async function runArm (arm: Arm, seed: number, learningRate: number): Promise<ArmResult> {
  const root = await mkdtemp(join(tmpdir(), 'shoal-learning-'))
  try {
    const points = new Map<number, CurvePoint[]>()
    const report = await runTestnet({
      name: `learning-${arm.name}`, root, peers: arm.peers, method: arm.method, methodName: arm.name, steps: STEPS, model: 'tiny', seed,
      batch: arm.batch, learningRate, shards: arm.shards, split: 'era', listen: ['/ip4/127.0.0.1/tcp/0'], compute: { ...DEFAULT_COMPUTE, backend: 'wasm' },
      signal: new AbortController().signal, evaluateEveryRounds: EVALUATE_EVERY_ROUNDS,
      onEvent: (_, event) => {
        if (event.type !== 'evaluated') return
        const point = { step: event.step, tokens: event.tokens, payloadBytes: event.payloadBytesSent, loss: event.loss }
        points.set(event.step, [...points.get(event.step) ?? [], point])
      }
    })
    const perPeer = (total: number): number => total / arm.peers
    return {
      arm: arm.name, title: arm.title, seed, learningRate, steps: report.steps, parameters: report.perPeer[0]?.parameters ?? 0,
      loss: arm.judgedBy === 'merged' ? report.evalLoss : report.evalLossReplicas,
      mergedLoss: report.evalLoss, replicasLoss: report.evalLossReplicas,
      tokensPerPeer: perPeer(report.tokens), payloadBytesPerPeer: perPeer(report.payloadBytes), wireBytesPerPeer: perPeer(report.wireBytes),
      allReduceBytesPerPeer: perPeer(report.ddpBytes), secondsTotal: report.secondsTotal, curve: meanCurve(points, arm.peers)
    }
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/** The mean over peers at each step that all of them measured. */
function meanCurve (points: ReadonlyMap<number, readonly CurvePoint[]>, peers: number): CurvePoint[] {
  return [...points].filter(([, measured]) => measured.length >= peers).sort(([a], [b]) => a - b).map(([step, measured]) => {
    const mean = (value: (point: CurvePoint) => number): number => measured.reduce((sum, point) => sum + value(point), 0) / measured.length
    return { step, tokens: mean(point => point.tokens), payloadBytes: mean(point => point.payloadBytes), loss: mean(point => point.loss) }
  })
}
