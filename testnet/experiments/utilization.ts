import '../../node/polyfills.ts'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { gracefulShutdown } from '../../node/cli/graceful-shutdown.ts'
import { measureUtilization } from './utilization-cell.ts'
import type { UtilizationCell } from './utilization-cell.ts'
import { utilizationPage } from './utilization-page.ts'
import type { StoredUtilization } from './utilization-page.ts'

/**
 * `npm run bench:utilization [-- --only 10mbit-100ms] [--again]`: for which share of their time do daemons compute while they average over slow lines?
 * Every cell is stored as it ends, so that an interrupted bench goes on where it stopped; `--only` takes those whose name begins so, `--again` those that are stored already, too.
 */
const results = fileURLToPath(new URL('../../../docs/results/', import.meta.url))
const folder = `${results}utilization/`
mkdirSync(folder, { recursive: true })

/** Of emulated training; what their rounds compute fits into two cores with room to spare. */
const PEERS = 4
/** Of real training: as many as the smallest machine that this is measured on has cores. */
const TRAINING_PEERS = 2
/** What the processes alone leave of the time on this machine: lines without limits, and the method of the target's cell. */
const references: readonly UtilizationCell[] = [250, 1000].map(stepMs => ({ megabitsPerSecond: Infinity, roundTripMs: 0, stepMs, trainer: 'emulated' as const, peers: PEERS }))
/** The target's own cells first. */
const emulated: readonly UtilizationCell[] = [[10, 100], [10, 20], [10, 300], [100, 100], [100, 20], [100, 300], [1, 100], [1, 20], [1, 300]].flatMap(([megabitsPerSecond = 0, roundTripMs = 0]) =>
  [250, 1000].map(stepMs => ({ megabitsPerSecond, roundTripMs, stepMs, trainer: 'emulated' as const, peers: PEERS })))
const cells: readonly UtilizationCell[] = [...emulated.slice(0, 2), ...references, { megabitsPerSecond: 10, roundTripMs: 100, stepMs: 250, trainer: 'real', peers: TRAINING_PEERS }, ...emulated.slice(2)]

const given = process.argv.slice(2).join(' ')
const [, only = ''] = /--only[= ](\S+)/.exec(given) ?? []
const isAgain = /(^| )--again( |$)/.test(given)
const say = (sentence: string): void => { process.stderr.write(`${sentence}\n`) }
const shutdown = gracefulShutdown({ say, stopping: 'ending the cell under way; what is stored stays' })
const startedAtMs = performance.now()
let measured = 0
const missing = cells.filter(cell => nameOf(cell).startsWith(only) && (isAgain || readStored(cell) === undefined))
for (const [index, cell] of missing.entries()) {
  if (shutdown.signal.aborted) break
  const left = measured === 0 ? '' : `, about ${Math.ceil((performance.now() - startedAtMs) / measured * (missing.length - index) / 60_000)} min left`
  say(`${index + 1} of ${missing.length}: ${nameOf(cell)}${left}`)
  try {
    const [loadBefore = 0] = loadavg()
    const stored: StoredUtilization = { ...await measureUtilization(cell, shutdown.signal, say), measuredOn: new Date().toISOString(), setup: `${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}`, load: [loadBefore, loadavg()[0] ?? 0] }
    writeFileSync(`${folder}${nameOf(cell)}.json`, `${JSON.stringify(stored, null, 1)}\n`)
    measured++
  } catch (error) {
    say(`${nameOf(cell)}: ${String(error)}`)
  }
}
shutdown.release()
writeFileSync(`${results}utilization.md`, utilizationPage(cells.map(cell => ({ cell, stored: readStored(cell) }))))

function nameOf ({ megabitsPerSecond, roundTripMs, stepMs, trainer }: UtilizationCell): string {
  return `${Number.isFinite(megabitsPerSecond) ? `${megabitsPerSecond}mbit` : 'unlimited'}-${roundTripMs}ms-${trainer === 'real' ? 'real' : `step${stepMs}ms`}`
}

function readStored (cell: UtilizationCell): StoredUtilization | undefined {
  try {
    return JSON.parse(readFileSync(`${folder}${nameOf(cell)}.json`, 'utf8')) as StoredUtilization
  } catch {
    // Not measured yet.
    return undefined
  }
}
