import { estimate } from '../report/statistics.ts'
import type { Estimate } from '../report/statistics.ts'
import type { MethodOutcome } from './method-bench.ts'
import type { StoredCell } from './method-store.ts'

/** A chosen point over its paired seeds, on the link on which it was tuned. */
export interface Row {
  readonly preset: string
  /** As plots and tables call it: `diloco 40` for H = 40. */
  readonly label: string
  readonly everySteps: number
  readonly rate: number
  /** By seed, on the tuned link. */
  readonly cells: readonly StoredCell[]
  /** All of them, of every link. */
  readonly all: readonly StoredCell[]
}

/** How a row's model can be had: each replica as it is, or one merge of all. */
export type Form = 'replicas' | 'merged'

/** A way to a model: what it cost a peer, and what it is worth. */
export interface Offer {
  readonly row: Row
  readonly form: Form
  /** Payload, and the merge's where there is one. */
  readonly bytes: number
  readonly loss: Estimate
}

/** Rows in the order of the grid; points without a cell have none. */
export function rowsOf (outcomes: readonly MethodOutcome[], tunedLink: number): readonly Row[] {
  return outcomes.flatMap(({ preset, chosen }) => chosen.flatMap(({ point, cells }): Row[] => {
    const tuned = cells.filter(({ inputs }) => inputs.megabits === tunedLink)
    const [first] = tuned
    if (first === undefined) return []
    const { everySteps, groupSize } = first.inputs.method
    const isRhythmic = everySteps > 1 && groupSize !== 1
    return [{ preset, label: isRhythmic && chosen.length > 1 ? `${preset} ${everySteps}` : preset, everySteps, rate: point.learningRate, cells: tuned, all: cells }]
  }))
}

export function lossOf (cell: StoredCell, form: Form): number {
  return (form === 'merged' ? cell.mergedLoss : cell.replicasLoss) ?? Infinity
}

export function bytesOf (cell: StoredCell, form: Form): number {
  return cell.payloadBytes + (form === 'merged' ? cell.mergeBytes : 0)
}

export function meanOf (row: Row, value: (cell: StoredCell) => number): number {
  return row.cells.reduce((sum, cell) => sum + value(cell), 0) / row.cells.length
}

/** Differences of two rows over the seeds that both have. */
export function difference (one: Row, other: Row, forms: readonly [Form, Form] = ['merged', 'merged']): Estimate {
  return estimate(one.cells.flatMap(cell => other.cells.filter(({ inputs }) => inputs.seed === cell.inputs.seed).map(pair => lossOf(cell, forms[0]) - lossOf(pair, forms[1]))))
}

/** The row of a preset with the lowest mean loss of the merged model; of one interval when it is given. */
export function bestRow (rows: readonly Row[], preset: string, everySteps?: number): Row | undefined {
  const candidates = rows.filter(row => row.preset === preset && (everySteps === undefined || row.everySteps === everySteps))
  return candidates.reduce<Row | undefined>((best, row) => best === undefined || mergedLoss(row) < mergedLoss(best) ? row : best, undefined)
}

export function mergedLoss (row: Row): number {
  return meanOf(row, cell => lossOf(cell, 'merged'))
}

/** Every row's two forms; one where replicas are the same without a merge. */
export function offersOf (rows: readonly Row[]): readonly Offer[] {
  return rows.flatMap(row => {
    const forms: readonly Form[] = meanOf(row, ({ mergeBytes }) => mergeBytes) > 0 ? ['replicas', 'merged'] : ['merged']
    return forms.map((form): Offer => ({ row, form, bytes: meanOf(row, cell => bytesOf(cell, form)), loss: estimate(row.cells.map(cell => lossOf(cell, form))) }))
  })
}

/** Those that nothing beats in both loss and bytes, from the cheapest on. */
export function frontOf (offers: readonly Offer[]): readonly Offer[] {
  const front: Offer[] = []
  for (const offer of [...offers].sort((a, b) => a.bytes - b.bytes || a.loss.mean - b.loss.mean)) {
    if (offer.loss.mean < (front.at(-1)?.loss.mean ?? Infinity)) front.push(offer)
  }
  return front
}

/** A row's own name, with ° for replicas as they are. */
export function labelOf ({ row, form }: Offer): string {
  return form === 'merged' ? row.label : `${row.label}°`
}

/** What costs bytes and is worse than never averaging would squeeze everything that differs into a corner. */
export function offersWorthDrawing (rows: readonly Row[]): readonly Offer[] {
  const apart = bestRow(rows, 'branch-train-merge')
  const limit = apart === undefined ? Infinity : meanOf(apart, cell => lossOf(cell, 'replicas'))
  return offersOf(rows).filter(({ bytes, loss }) => bytes > 0 && loss.mean <= limit)
}
