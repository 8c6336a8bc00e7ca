import { formatBytes, formatSeconds } from '../../node/terminal/units.ts'
import type { Finding } from '../simulator/expectations.ts'
import type { JudgedSeed } from '../simulator/play-scenario.ts'

/** Of a name in a list, so that a table fits a terminal. */
const HASH_LETTERS = 12

export const SEED_COLUMNS = ['seed', 'loss', 'averaged', 'a peer sent', 'longest wait', 'virtual time', 'events', 'verdict'] as const

/** What a seed came to, a cell for each of {@link SEED_COLUMNS}. */
export function seedCells ({ seed, played, findings }: JudgedSeed): string[] {
  return [
    String(seed), played.loss.toPrecision(3), measured(played.averagedShare, share => `${Math.round(100 * share)} %`), formatBytes(played.bytesPerPeer), measured(played.longestWaitMs, waitedMs => formatSeconds(waitedMs / 1000)),
    formatSeconds(played.seconds), played.hash.slice(0, HASH_LETTERS), verdictOf(findings)
  ]
}

/** A dash where nothing averages. */
function measured (value: number | undefined, show: (value: number) => string): string {
  return value === undefined ? '–' : show(value)
}

export function verdictOf (findings: readonly Finding[]): string {
  const broken = brokenOf(findings)
  return broken.length === 0 ? 'as expected' : `broke ${broken.map(({ expectation }) => expectation).join(', ')}`
}

export function brokenOf (findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ isMet }) => !isMet)
}
