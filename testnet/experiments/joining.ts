import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import '../../node/polyfills.ts'
import { hashCorpus } from '../../node/corpus/corpus.ts'
import { within } from '../../node/network/within.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../node/store/data-directory.ts'
import { loadIdentity } from '../../node/store/identity.ts'
import { methodPreset } from '../../src/averaging/methods.ts'
import type { StampedEvent } from '../../src/events.ts'
import { draftManifest } from '../../src/manifest/draft.ts'
import { signManifest } from '../../src/manifest/manifest.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { modelLayout } from '../../src/models/model-layout.ts'
import { PeerProcess } from '../launcher/peer-process.ts'
import { GATEWAY_VARIABLE } from '../links/gateway-variable.ts'
import { megabits } from '../links/path.ts'
import { ProxiedLinks } from '../links/proxied-links.ts'
import { linkSchema } from '../scenarios/links.ts'
import { joiningPage } from './joining-page.ts'
import type { JoiningResult } from './joining-page.ts'
import type { ProbeTimes } from './joining-probe.ts'
import { watchJoining } from './joining-watch.ts'
import type { WatchedJoining } from './joining-watch.ts'

const RESULTS = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const BEHIND_GATEWAY = new URL('../links/behind-gateway.js', import.meta.url).href
const PROBE = fileURLToPath(new URL('joining-probe.js', import.meta.url))

/** Weights and outer momentum of 1.3 million parameters: 10 MB. */
const MODEL = { kind: 'gpt', layers: 4, width: 160, heads: 4, context: 32, vocabulary: 256 } as const
const MEMBERS = ['A', 'B', 'C'] as const
const MEGABITS = 10
const ONE_WAY_MS = 50
/** Rounds that the members have behind them when the joiner comes. */
const ROUNDS_BEFORE = 6
const STOP_MS = 12_000
/** The members' first rounds, and the probe: a minute each on a busy machine. The whole takes no more than six minutes. */
const UNDER_WAY_MS = 120_000
const PROBE_MS = 60_000

/** How long `shoal join` takes to its first step over a slow link, and what a control message waits meanwhile. */
async function main (): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'shoal-joining-'))
  const links = new ProxiedLinks(1)
  const running: PeerProcess[] = []
  try {
    const run = await makeRun(root)
    const file = join(root, 'joining.run')
    await writeFile(file, run.bytes)
    const launch = async (name: string, source: string, more: readonly string[], onEvent: (event: StampedEvent) => void): Promise<PeerProcess> => {
      const line = name.startsWith('joiner') ? { up: megabits(MEGABITS), down: megabits(MEGABITS), delay: ONE_WAY_MS } : {}
      const gateway = await links.open(name, { ...linkSchema.parse({}), ...line })
      const port = await freePort()
      links.place(name, port)
      const process = new PeerProcess({
        name, dataDirectory: join(root, name), joinArguments: [source, '--listen', `/ip4/127.0.0.1/tcp/${port}`, '--backend', 'wasm', '--evaluate-every', '0', ...more],
        nodeOptions: `--import ${BEHIND_GATEWAY}`, environment: { [GATEWAY_VARIABLE]: String(gateway) }, onEvent
      })
      running.push(process)
      return process
    }
    let reached: () => void = () => undefined
    const underWay = new Promise<void>(resolve => { reached = resolve })
    const first = await launch('A', file, ['--shard', '1'], event => { if (event.type === 'round' && event.record.round >= ROUNDS_BEFORE && event.record.outcome === 'averaged') reached() })
    const { invite, addresses } = await inTime('the first member starts', UNDER_WAY_MS, async () => first.started)
    await inTime('the members average', UNDER_WAY_MS, async () => {
      for (const [index, name] of MEMBERS.slice(1).entries()) await (await launch(name, invite, ['--shard', String(index + 2)], () => undefined)).started
      await underWay
    })
    const gateway = await links.open('joiner-probe', { ...linkSchema.parse({}), up: megabits(MEGABITS), down: megabits(MEGABITS), delay: ONE_WAY_MS })
    const probe = await inTime('the probe has asked', PROBE_MS, async signal => probeFrom(gateway, file, addresses[0] ?? '', signal))
    const watched = await watchJoining(async onEvent => launch('joiner', invite, ['--shard', '4'], onEvent))
    await report(run, watched, probe)
  } finally {
    await Promise.all(running.map(async process => process.stop(STOP_MS)))
    await links.close()
    await rm(root, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function makeRun (root: string): Promise<SignedManifest> {
  const directory = resolveDataDirectory(join(root, 'maker'))
  prepareDataDirectory(directory)
  const { publicKey, secretKey } = await loadIdentity(directory.identityFile)
  return signManifest(draftManifest({
    name: 'joining', creator: publicKey, seed: 1, model: MODEL, method: methodPreset('noloco', { everySteps: 10 }), steps: 0, batch: 1, learningRate: 0.002,
    data: { corpus: 'sotu', sha256: await hashCorpus(), holdOutEvery: 10, shards: 4, split: 'era' }
  }), secretKey)
}

/** A port that a peer can be told to listen on, so that its gateway knows it from the start. */
async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** @throws Error when it takes longer */
async function inTime<T> (what: string, limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const result = await within(limitMs, async signal => ({ value: await work(signal) }))
  if (result === undefined) throw new Error(`it takes longer than ${limitMs / 1000} s until ${what}`)
  return result.value
}

/** Ends with the signal. */
async function probeFrom (gateway: number, file: string, address: string, signal: AbortSignal): Promise<ProbeTimes> {
  const child = spawn(process.execPath, [PROBE, file, address], {
    signal, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: `--import ${BEHIND_GATEWAY}`, [GATEWAY_VARIABLE]: String(gateway) }
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
  await once(child, 'close', { signal })
  return JSON.parse(output) as ProbeTimes
}

async function report (run: SignedManifest, { milestones, timeline }: WatchedJoining, probe: ProbeTimes): Promise<void> {
  const result: JoiningResult = {
    command: 'npm run bench:joining', setup: `${process.version}, ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, shared with other work, load average ${loadavg()[0]?.toFixed(0)}`,
    stateBytes: 8 * modelLayout(run.manifest.model).size, megabits: MEGABITS, oneWayMs: ONE_WAY_MS, milestones, timeline, probe
  }
  const page = joiningPage(result)
  await mkdir(RESULTS, { recursive: true })
  await writeFile(join(RESULTS, 'joining.json'), `${JSON.stringify(result, null, 1)}\n`)
  await writeFile(join(RESULTS, 'joining.md'), page)
  process.stdout.write(page)
}

await main()
