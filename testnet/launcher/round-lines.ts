import type { RoundRecord } from '../../src/ports.ts'
import { formatBytes } from '../../node/terminal/units.ts'

/** A round that some peer never reports (it was killed) is told without it after this many later rounds. */
const LATE_ROUNDS = 2
/** Rounds in memory at once; peers that far apart are not in one swarm. */
const MAXIMUM_OPEN_ROUNDS = 64
/** `99.9 kB`, and room for one that is longer. */
const WIDEST_BYTES = 8

interface NamedRecord {
  readonly name: string
  readonly record: RoundRecord
}

/** Gathers the peers' round records and tells each round once, in one line. */
export class RoundLines {
  readonly #open = new Map<number, NamedRecord[]>()
  readonly #nameOf: (peerId: string) => string
  #told = 0

  constructor (nameOf: (peerId: string) => string) {
    this.#nameOf = nameOf
  }

  /** Takes a peer's record; returns the lines of rounds that are complete by now. */
  add (name: string, record: RoundRecord, peersTraining: number): string[] {
    if (record.round <= this.#told) return []
    const records = this.#open.get(record.round) ?? []
    records.push({ name, record })
    this.#open.set(record.round, records)
    const ready = [...this.#open.keys()].sort((a, b) => a - b).filter((round, index) =>
      (this.#open.get(round)?.length ?? 0) >= peersTraining || record.round - round >= LATE_ROUNDS || this.#open.size - index > MAXIMUM_OPEN_ROUNDS)
    return ready.map(round => this.#tell(round))
  }

  /** The lines of all rounds still open. */
  flush (): string[] {
    return [...this.#open.keys()].sort((a, b) => a - b).map(round => this.#tell(round))
  }

  #tell (round: number): string {
    const records = this.#open.get(round) ?? []
    this.#open.delete(round)
    this.#told = Math.max(this.#told, round)
    return roundLine(round, records, this.#nameOf)
  }
}

/** One line a round: who averaged with whom, the mean loss, how far partners were apart, what it cost. */
export function roundLine (round: number, records: readonly NamedRecord[], nameOf: (peerId: string) => string): string {
  const losses = records.map(({ record }) => record.loss).filter(Number.isFinite)
  const spreads = records.map(({ record }) => record.spread).filter(Number.isFinite)
  const sent = records.reduce((sum, { record }) => sum + record.payloadBytesSent, 0)
  const step = Math.max(...records.map(({ record }) => record.step))
  return [
    `round ${String(round).padStart(3)}`,
    `step ${String(step).padStart(5)}`,
    `loss ${mean(losses).toFixed(3)}`,
    `spread ${spreads.length === 0 ? '   –   ' : mean(spreads).toExponential(1)}`,
    `sent ${formatBytes(sent).padStart(WIDEST_BYTES)}`,
    groups(records, nameOf)
  ].join('  ')
}

function groups (records: readonly NamedRecord[], nameOf: (peerId: string) => string): string {
  const averaged = new Set<string>()
  const alone: string[] = []
  for (const { name, record } of records) {
    if (record.outcome === 'averaged') averaged.add(record.members.map(nameOf).sort().join('+'))
    else alone.push(`${name} ${record.reason}`)
  }
  return [...[...averaged].sort(), ...alone.sort()].join(' · ')
}

function mean (values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
