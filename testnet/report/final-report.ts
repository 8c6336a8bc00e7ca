import { codecNameOf } from '../../src/averaging/any-method.ts'
import type { HeldOutSource } from '../../src/data/sources.ts'
import type { ByteTotals, PeerReport } from '../../src/events.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import { tokensPerStepOf } from '../../src/manifest/tokens.ts'
import { bitsPerCharacter, gzipBitsPerCharacter } from '../../node/peer/text-figures.ts'
import { consensusDistance } from '../../src/parameters/consensus.ts'
import { allReduceBytes } from '../../src/averaging/all-reduce-bytes.ts'
import type { Attack } from '../scenarios/attacks.ts'

/** The object that `shoal testnet run --json` prints in the end (design.md, command-line contract). */
export interface FinalReport {
  readonly version: 1
  readonly runId: string
  readonly method: string
  readonly codec: string
  /** Peers started; those that ended early are in `peersLost`, those that lied in `liars`. */
  readonly peers: number
  readonly peersLost: readonly string[]
  /** Peers that lied at some time, of which nothing else here tells. */
  readonly liars: readonly NamedLiar[]
  readonly seed: number
  /** Inner steps on each peer that finished, the most of any. */
  readonly steps: number
  readonly rounds: number
  readonly tokens: number
  /** Held-out nats per token. */
  readonly startLoss: number
  readonly evalLoss: number
  readonly evalLossReplicas: number
  /** Share of the held-out targets that the merged model finds likeliest. */
  readonly evalAccuracy: number
  /** Of a text; NaN, and null in JSON, where examples are judged. */
  readonly bitsPerCharacter: number
  readonly gzipBitsPerCharacter: number
  readonly consensusDistance: number
  readonly payloadBytes: number
  readonly wireBytes: number
  readonly controlBytes: number
  /** Bytes on the wire for training, over the steps that all peers took together; NaN where none took one. */
  readonly wireBytesPerStepAndPeer: number
  readonly ddpBytes: number
  readonly secondsTraining: number
  readonly secondsTotal: number
  readonly perPeer: ReadonlyArray<NamedReport>
  readonly sampleBefore: string
  readonly sampleAfter: string
}

/** `attack` is what it did to the others in the end; null for one that was to lie and did not get to it. */
export interface NamedLiar {
  readonly name: string
  readonly attack: Attack | null
}

export type NamedReport = PeerReport & { readonly name: string }

export interface ReportParts {
  readonly runId: string
  readonly manifest: RunManifest
  readonly method: string
  readonly peersStarted: number
  readonly peersLost: readonly string[]
  readonly liars: readonly NamedLiar[]
  readonly reports: readonly NamedReport[]
  /** Of every honest peer started, lost ones too. */
  readonly bytes: readonly ByteTotals[]
  readonly replicas: readonly Float32Array[]
  readonly mergedLoss: number
  readonly mergedAccuracy: number
  readonly heldOut: HeldOutSource
  readonly heldOutText: Uint8Array | undefined
  readonly secondsTotal: number
  readonly sampleBefore: string
  readonly sampleAfter: string
}

/** Adds up what the peers reported and what the merged model does. */
export function finalReport (parts: ReportParts): FinalReport {
  const { reports, manifest } = parts
  const sum = (value: (report: NamedReport) => number): number => reports.reduce((total, report) => total + value(report), 0)
  const mean = (value: (report: NamedReport) => number): number => sum(value) / Math.max(1, reports.length)
  const bytes = (value: (totals: ByteTotals) => number): number => parts.bytes.reduce((total, totals) => total + value(totals), 0)
  return {
    version: 1,
    runId: parts.runId,
    method: parts.method,
    codec: codecNameOf(manifest.method),
    peers: parts.peersStarted,
    peersLost: parts.peersLost,
    liars: parts.liars,
    seed: manifest.seed,
    steps: Math.max(0, ...reports.map(report => report.steps)),
    rounds: Math.max(0, ...reports.map(report => report.rounds)),
    tokens: sum(report => report.tokens),
    startLoss: meanOfKnown(reports.map(report => report.startLoss)),
    evalLoss: parts.mergedLoss,
    evalLossReplicas: mean(report => report.evalLoss),
    evalAccuracy: parts.mergedAccuracy,
    bitsPerCharacter: parts.heldOut.kind === 'text' ? bitsPerCharacter(parts.mergedLoss, parts.heldOut) : NaN,
    gzipBitsPerCharacter: parts.heldOutText === undefined ? NaN : gzipBitsPerCharacter(parts.heldOutText),
    consensusDistance: consensusDistance(parts.replicas),
    payloadBytes: bytes(totals => totals.payloadSent),
    wireBytes: bytes(totals => totals.wireSent),
    controlBytes: bytes(totals => totals.controlSent),
    wireBytesPerStepAndPeer: bytes(totals => totals.wireSent) * tokensPerStepOf(manifest) / sum(report => report.tokens),
    ddpBytes: allReduceBytes(reports.length, reports[0]?.parameters ?? 0, sum(report => report.steps)),
    secondsTraining: Math.max(0, ...reports.map(report => report.secondsTraining)),
    secondsTotal: parts.secondsTotal,
    perPeer: reports,
    sampleBefore: parts.sampleBefore,
    sampleAfter: parts.sampleAfter
  }
}

/** NaN where none is known: whoever joins on the way was not there at the start. */
function meanOfKnown (values: readonly number[]): number {
  const known = values.filter(Number.isFinite)
  return known.reduce((sum, value) => sum + value, 0) / known.length
}

/** A loss of this run's model in bits per character, by the same ratio as the merged model's. */
export function bitsOf (report: Pick<FinalReport, 'bitsPerCharacter' | 'evalLoss'>, loss: number): number {
  return loss * report.bitsPerCharacter / report.evalLoss
}
