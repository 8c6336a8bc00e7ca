import '../../node/polyfills.ts'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { methodPreset } from '../../src/averaging/methods.ts'
import { draftManifest } from '../../src/manifest/draft.ts'
import { signManifest } from '../../src/manifest/manifest.ts'
import type { ModelSpec } from '../../src/manifest/schema.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { DaemonClient } from '../../node/api/client.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../node/store/data-directory.ts'
import { loadIdentity } from '../../node/store/identity.ts'
import { PeerProcess } from '../launcher/peer-process.ts'
import { AVERAGED_MODEL, averagingTimes } from './averaging-responsiveness.ts'
import type { AveragingTimes } from './averaging-responsiveness.ts'

/**
 * `npm run bench:responsiveness [-- training|averaging|report] [--before <another build's shoal.js>]`: does a peer answer while it computes? A model whose steps take
 * seconds trains in a real peer process, whose API is asked again and again; two peers average 10.8 M parameters, by this build and by another one to compare with.
 * A part that is named is measured again and the other stays as it was; `report` only writes the page again.
 */
const QUESTIONS = 100
const PAUSE_MS = 200
const BYTES_PER_MIB = 2 ** 20
const RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))

const { values: { before }, positionals: [only] } = parseArgs({ allowPositionals: true, options: { before: { type: 'string' } } })
const root = await mkdtemp(join(tmpdir(), 'shoal-responsiveness-'))
try {
  const known = await knownResults()
  const training = only === undefined || only === 'training' ? await trainingTimes(root) : known.training
  const builds = [...before === undefined ? [] : [{ name: 'before', program: before }], { name: 'this build' }]
  const averaging = only !== undefined && only !== 'averaging' ? known.averaging : { setup: setup(), model: AVERAGED_MODEL, times: await averagingTimes(root, builds, line => process.stderr.write(`${line}\n`)) }
  await report({ command: 'npm run bench:responsiveness', ...training === undefined ? {} : { training }, ...averaging === undefined ? {} : { averaging } })
} finally {
  await rm(root, { recursive: true, force: true })
}

function setup (): string {
  return `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`
}

async function knownResults (): Promise<Partial<Responsiveness>> {
  try {
    return JSON.parse(await readFile(`${RESULTS}responsiveness.json`, 'utf8')) as Partial<Responsiveness>
  } catch {
    return {}
  }
}

async function trainingTimes (root: string): Promise<TrainingTimes> {
  const directory = resolveDataDirectory(join(root, 'peer'))
  prepareDataDirectory(directory)
  const identity = await loadIdentity(directory.identityFile)
  const run = signManifest(draftManifest({
    name: 'responsiveness', creator: identity.publicKey, seed: 1, model: 'medium', method: methodPreset('solo', { everySteps: 5 }), steps: 0, batch: 2, learningRate: 0.001,
    data: { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery: 10, shards: 4, split: 'era' }
  }), identity.secretKey)
  const manifest = join(root, 'medium.run')
  await writeFile(manifest, run.bytes)

  let training: () => void = () => undefined
  const underWay = new Promise<void>(resolve => { training = resolve })
  const peer = new PeerProcess({
    name: 'A', dataDirectory: directory.root, joinArguments: [manifest, '--listen', '/ip4/127.0.0.1/tcp/0'],
    onEvent: event => { if (event.type === 'progress') training() }
  })
  await underWay
  const client = DaemonClient.find(directory.root)
  const first = await client.status()
  const startedMs = performance.now()
  const latenciesMs: number[] = []
  for (let question = 0; question < QUESTIONS; question++) {
    const askedMs = performance.now()
    await client.status()
    latenciesMs.push(performance.now() - askedMs)
    await pause(PAUSE_MS)
  }
  const last = await client.status()
  const steps = last.step - first.step
  await peer.stop(12_000)
  return {
    setup: setup(),
    model: run.manifest.model,
    secondsPerStep: (performance.now() - startedMs) / 1000 / Math.max(1, steps),
    questions: QUESTIONS,
    statusLatencyMs: { median: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99), maximum: Math.max(...latenciesMs) },
    eventLoopDelayP99Ms: last.eventLoopDelayP99Ms
  }
}

function percentile (values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
}

interface TrainingTimes {
  readonly setup: string
  readonly model: unknown
  readonly secondsPerStep: number
  readonly questions: number
  readonly statusLatencyMs: { readonly median: number, readonly p99: number, readonly maximum: number }
  readonly eventLoopDelayP99Ms: number
}

interface Responsiveness {
  readonly command: string
  readonly training?: TrainingTimes
  readonly averaging?: { readonly setup: string, readonly model: ModelSpec, readonly times: readonly AveragingTimes[] }
}

function ms (value: number): string {
  return `${value.toFixed(1)} ms`
}

function trainingLines ({ setup, model, secondsPerStep, questions, eventLoopDelayP99Ms, statusLatencyMs }: TrainingTimes): string[] {
  return [
    '## While it trains', '',
    `Setup: ${setup}. Model: ${JSON.stringify(model)}; one inner step took ${secondsPerStep.toFixed(2)} s.`, '',
    '| | |', '|---|---|',
    `| event loop delay of the peer, 99th percentile, while it trained | ${ms(eventLoopDelayP99Ms)} |`,
    `| status over the API, median of ${questions} | ${ms(statusLatencyMs.median)} |`,
    `| 99th percentile | ${ms(statusLatencyMs.p99)} |`,
    `| slowest | ${ms(statusLatencyMs.maximum)} |`, '',
    'The design asks for an answer within 100 ms while a step takes seconds. The event loop’s timer resolution is 5 ms, which is part of the first figure.', ''
  ]
}

function averagingLines ({ setup, model, times }: NonNullable<Responsiveness['averaging']>): string[] {
  const row = ({ build, codec, fragments, averagedRounds, delayP99Ms, longestDelayMs, longestComputedMs, residentBytes }: AveragingTimes): string =>
    `| \`${codec.replaceAll('|', '\\|')}\` | ${fragments} | ${build} | ${averagedRounds} | ${ms(delayP99Ms)} | ${ms(longestDelayMs)} | ${longestComputedMs === null ? '' : ms(longestComputedMs)} | ${Math.round(residentBytes / BYTES_PER_MIB)} MiB |`
  return [
    '## While it averages', '',
    `Setup: ${setup}. Two peers of one machine average ${JSON.stringify(model)}, ${(modelLayout(model).size / 1e6).toFixed(1)} million parameters, every few short steps.`, '',
    '| codec | fragments | build | rounds | delay, 99th percentile | longest delay | longest computing | memory of a peer |', '|---|---|---|---|---|---|---|---|',
    ...times.map(row), '',
    'A delay is how late a timer of 5 ms ran, whatever else the machine was doing; computing is how much of it the daemon’s thread itself was at work, by the scheduler’s count, without a turn for anything else.',
    'Where other processes share the processors, the second is what the peer is answerable for.', ''
  ]
}

async function report (result: Responsiveness): Promise<void> {
  const { command, training, averaging } = result
  await mkdir(RESULTS, { recursive: true })
  await writeFile(`${RESULTS}responsiveness.json`, `${JSON.stringify(result, null, 1)}\n`)
  const lines = ['# Does a peer answer while it computes?', '', `Command: \`${command}\`.`, '', ...training === undefined ? [] : trainingLines(training), ...averaging === undefined ? [] : averagingLines(averaging)]
  await writeFile(`${RESULTS}responsiveness.md`, lines.join('\n'))
  process.stdout.write(lines.join('\n'))
}
