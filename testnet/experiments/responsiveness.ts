import '../../node/polyfills.ts'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { methodPreset } from '../../src/averaging/methods.ts'
import { draftManifest } from '../../src/manifest/draft.ts'
import { signManifest } from '../../src/manifest/manifest.ts'
import { DaemonClient } from '../../node/api/client.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../node/store/data-directory.ts'
import { loadIdentity } from '../../node/store/identity.ts'
import { PeerProcess } from '../launcher/peer-process.ts'

/**
 * `npm run bench:responsiveness`: does a peer answer while it computes? A model whose steps take seconds trains in a
 * real peer process; its API is asked again and again, and the peer measures its own event loop.
 */
const QUESTIONS = 100
const PAUSE_MS = 200

const root = await mkdtemp(join(tmpdir(), 'shoal-responsiveness-'))
try {
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
  await report({
    command: 'npm run bench:responsiveness',
    setup: `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
    model: run.manifest.model,
    secondsPerStep: (performance.now() - startedMs) / 1000 / Math.max(1, steps),
    questions: QUESTIONS,
    statusLatencyMs: { median: percentile(latenciesMs, 0.5), p99: percentile(latenciesMs, 0.99), maximum: Math.max(...latenciesMs) },
    eventLoopDelayP99Ms: last.eventLoopDelayP99Ms
  })
} finally {
  await rm(root, { recursive: true, force: true })
}

function percentile (values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
}

interface Responsiveness {
  readonly command: string
  readonly setup: string
  readonly model: unknown
  readonly secondsPerStep: number
  readonly questions: number
  readonly statusLatencyMs: { readonly median: number, readonly p99: number, readonly maximum: number }
  readonly eventLoopDelayP99Ms: number
}

async function report (result: Responsiveness): Promise<void> {
  const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
  await mkdir(results, { recursive: true })
  await writeFile(`${results}responsiveness.json`, `${JSON.stringify(result, null, 1)}\n`)
  const ms = (value: number): string => `${value.toFixed(1)} ms`
  const lines = [
    '# Does a peer answer while it computes?', '',
    `Command: \`${result.command}\`. Setup: ${result.setup}. Model: ${JSON.stringify(result.model)}; one inner step took ${result.secondsPerStep.toFixed(2)} s.`, '',
    '| | |', '|---|---|',
    `| event loop delay of the peer, 99th percentile, while it trained | ${ms(result.eventLoopDelayP99Ms)} |`,
    `| status over the API, median of ${result.questions} | ${ms(result.statusLatencyMs.median)} |`,
    `| 99th percentile | ${ms(result.statusLatencyMs.p99)} |`,
    `| slowest | ${ms(result.statusLatencyMs.maximum)} |`, '',
    'The design asks for an answer within 100 ms while a step takes seconds. The event loop’s timer resolution is 5 ms, which is part of the first figure.', ''
  ]
  await writeFile(`${results}responsiveness.md`, lines.join('\n'))
  process.stdout.write(lines.join('\n'))
}
