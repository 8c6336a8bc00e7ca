import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInterval } from 'node:timers'
import { fileURLToPath } from 'node:url'
import type { FinalReport } from '../../report/final-report.ts'
import { REAL } from './scaling-arms.ts'
import type { Figures } from './figures.ts'
import type { Cell } from './study.ts'

const SHOAL = fileURLToPath(new URL('../../shoal.js', import.meta.url))
const LOOK_EVERY_MS = 1000
const KIBIBYTE = 1024
/** On an idle core: what all steps take together, and what each process takes to start. */
const [STEPS_SECONDS, START_SECONDS] = [30, 3] as const

/** Real daemons over the machine’s loopback, equal tokens of all together at every size. */
export function realCell (peers: number, seed: number): Cell<Figures> {
  const { method, everySteps, model, peerSteps, patientAbove, patienceSeconds } = REAL
  const words = ['testnet', 'run', '--peers', String(peers), '--method', method, '--every', String(everySteps), '--model', model, '--steps', String(peerSteps / peers), '--split', 'iid', '--links', 'none', '--threads', '1', ...peers > patientAbove ? ['--patience', String(patienceSeconds)] : [], '--seed', String(seed), '--json']
  return { name: `real-${peers}-seed${seed}`, inputs: { words }, effort: STEPS_SECONDS + START_SECONDS * peers, measure: async () => figuresOf(await run(words)) }
}

interface Ran {
  readonly report: FinalReport
  /** Of each process at its largest, the launcher left out; empty where the system does not tell. */
  readonly residentBytes: readonly number[]
}

async function run (words: readonly string[]): Promise<Ran> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-scaling-'))
  const child = spawn(process.execPath, [SHOAL, ...words, '--data-dir', directory], { stdio: ['ignore', 'pipe', 'ignore'] })
  const resident = new Map<string, number>()
  const look = setInterval(() => { void lookAt(child.pid ?? 0, resident) }, LOOK_EVERY_MS)
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of child.stdout) chunks.push(chunk as Uint8Array)
    return { report: JSON.parse(Buffer.concat(chunks).toString()) as FinalReport, residentBytes: [...resident.values()] }
  } finally {
    clearInterval(look)
    await rm(directory, { recursive: true, force: true })
  }
}

/** Notes the peak resident size of each child of a process, as Linux has it under /proc; elsewhere nothing. */
async function lookAt (parent: number, resident: Map<string, number>): Promise<void> {
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue
    // A process may end between two looks.
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '')
    const [, of = ''] = /^PPid:\s+(\d+)$/m.exec(status) ?? []
    const [, peak = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? []
    if (Number(of) === parent && peak !== '') resident.set(entry, Number(peak) * KIBIBYTE)
  }
}

function figuresOf ({ report, residentBytes }: Ran): Figures {
  const { peers, tokens, rounds, evalLoss, evalLossReplicas, payloadBytes, wireBytes, controlBytes, peersLost, steps, perPeer } = report
  const each = (bytes: number): number => bytes / peers
  const sum = (value: (peer: FinalReport['perPeer'][number]) => number): number => perPeer.reduce((total, peer) => total + value(peer), 0)
  return {
    tokens, rounds, steps, evalLoss, evalLossReplicas, lost: peersLost.length, payloadBytesPerStep: each(payloadBytes) / steps, wireBytesPerStep: each(wireBytes) / steps, controlBytes: each(controlBytes),
    averagedShare: sum(peer => peer.averagedRounds) / Math.max(1, sum(peer => peer.rounds)),
    residentBytes: residentBytes.reduce((sum, bytes) => sum + bytes, 0) / residentBytes.length
  }
}
