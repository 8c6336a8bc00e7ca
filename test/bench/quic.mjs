// QUIC beside TCP over a line that is slow, far and loses packets: npm run bench:quic, as root on Linux, with @chainsafe/libp2p-quic installed
// beside shoal or on NODE_PATH. Two processes in network namespaces with lossy-line.py between them; writes docs/results/quic.md and .json.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const BYTES = 2_000_000
const REPEATS = 3
const LINE = { bytesPerSecond: 1_250_000, delaySeconds: 0.05, queueBytes: 125_000 }
const LOSSES = [0, 0.01, 0.03]
const NAMES = ['lossy-a', 'lossy-b']

/** Who slows down for lost packets: the kernel's TCP as it is set here, TCP that does as every kernel can, and quinn, which has CUBIC. */
const CONTROL = '/proc/sys/net/ipv4/tcp_congestion_control'
const KERNEL = readFileSync(CONTROL, 'utf8').trim()
const ARMS = [...new Set([KERNEL, 'reno'])].map(control => ({ transport: 'tcp', control })).concat({ transport: 'quic', control: 'cubic' })

const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

async function firstLine (child) {
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  return line
}

async function withLine (loss, measure) {
  const router = spawn('python3', [here('lossy-line.py'), JSON.stringify({ ...LINE, loss, names: NAMES })], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(router, 'close')
  try {
    if (await Promise.race([firstLine(router), ended.then(() => '')]) !== 'ready') throw new Error('no line: is this root, with python3 and /dev/net/tun?')
    return await measure()
  } finally {
    router.kill('SIGTERM')
    await ended
  }
}

const peer = (name, ...words) => spawn('ip', ['netns', 'exec', name, process.execPath, here('quic/peer.mjs'), ...words], { stdio: ['ignore', 'pipe', 'inherit'] })

/** One transfer on a fresh connection, and questions beside it. */
async function measured ({ transport, control }) {
  if (transport === 'tcp') for (const name of NAMES) execFileSync('ip', ['netns', 'exec', name, 'sh', '-c', `echo ${control} > ${CONTROL}`])
  const giver = peer(NAMES[1], 'give', transport)
  try {
    const taker = peer(NAMES[0], 'take', await firstLine(giver), String(BYTES))
    return JSON.parse(await firstLine(taker))
  } finally {
    giver.kill('SIGTERM')
    await once(giver, 'close')
  }
}

const rows = []
for (const loss of LOSSES) {
  const results = ARMS.map(arm => ({ arm, found: [] }))
  await withLine(loss, async () => {
    for (let repeat = 0; repeat < REPEATS; repeat++) for (const { arm, found } of results) found.push(await measured(arm))
  })
  for (const { arm, found } of results) {
    const of = what => median(found.map(one => one[what]))
    rows.push({ loss, ...arm, dialMs: of('dialMs'), bytesPerSecond: of('bytesPerSecond'), questionMs: of('questionMs'), overhead: of('overhead') })
    process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`)
  }
}

const setup = { node: process.version, processor: cpus()[0]?.model.trim(), cores: cpus().length, load: Number((loadavg()[0] ?? 0).toFixed(1)), date: new Date().toISOString().slice(0, 10), line: LINE, bytes: BYTES, repeats: REPEATS }
writeFileSync(here('../../docs/results/quic.json'), `${JSON.stringify({ setup, rows }, null, 2)}\n`)
writeFileSync(here('../../docs/results/quic.md'), `# QUIC beside TCP on lines that lose packets

Written by \`npm run bench:quic\` ([raw](quic.json)): ${BYTES / 1e6} MB over one stream of a fresh connection between two processes, ${8 * LINE.bytesPerSecond / 1e6} Mbit/s, ${2000 * LINE.delaySeconds} ms there and back, a queue of ${LINE.queueBytes / 1000} kB, packets lost at random in both directions;
beside it a question on a stream of its own, again and again. Medians of ${REPEATS}. Rates under loss are the congestion control's: CUBIC and Reno halve for every loss, BBR does not ask. *Overhead* is what the meter counted below the streams beyond the payload; packet headers of IP, UDP and TCP are on top of either.
${setup.node}, ${setup.cores} × ${setup.processor}, load ${setup.load}, ${setup.date}.

| lost | over | dial | payload | question meanwhile | overhead |
|---|---|---|---|---|---|
${rows.map(row => `| ${100 * row.loss} % | ${row.transport === 'quic' ? 'QUIC' : 'TCP'}, ${row.control.toUpperCase()} | ${row.dialMs.toFixed(0)} ms | ${(8 * row.bytesPerSecond / 1e6).toFixed(2)} Mbit/s | ${row.questionMs.toFixed(0)} ms | ${(100 * row.overhead).toFixed(1)} % |`).join('\n')}
`)
