import type { Command } from 'commander'
import { ShoalError } from '../../src/errors.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { chosenCheckpoint, namedRun } from '../peer/checkpoint-choice.ts'
import type { CheckpointChoice, ChosenCheckpoint } from '../peer/checkpoint-choice.ts'
import { chosenExperts } from '../peer/experts.ts'
import type { Expert } from '../peer/experts.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { ExpertEnsemble } from '../trainer-worker/messages.ts'
import { numberOption } from './numbers.ts'

/** Options by which several experts answer together. */
export interface EnsembleOptions {
  readonly ensemble?: boolean
  readonly expert?: readonly string[]
  readonly shares?: string
  readonly posterior?: boolean
}

export interface ChosenEnsemble {
  readonly kind: 'ensemble'
  readonly run: SignedManifest
  readonly experts: readonly Expert[]
  readonly ensemble: ExpertEnsemble
}

export type ChosenModel = ChosenEnsemble | ({ readonly kind: 'checkpoint' } & ChosenCheckpoint)

export function configureEnsembleOptions (command: Command): void {
  command
    .option('--ensemble', 'ask the experts of a run that train apart together: the mixture of what each foresees (default: those of the last merge)')
    .option('--expert <path>', 'a checkpoint, a data directory or a file of shoal export, once for each expert', (value: string, before: string[] | undefined) => [...before ?? [], value])
    .option('--shares <numbers>', 'what each expert counts, in their order: 2,1,1 (default: all the same)')
    .option('--posterior', 'experts that foresaw the text so far better count more')
}

/**
 * The experts that are asked for, or else a checkpoint.
 *
 * @throws ShoalError USAGE, CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_INCOMPATIBLE
 */
export async function chosenModel (options: EnsembleOptions & CheckpointChoice, directory: DataDirectory, warn: (sentence: string) => void): Promise<ChosenModel> {
  const { ensemble, expert = [], shares, posterior = false } = options
  if (ensemble !== true && expert.length === 0) {
    if (shares !== undefined || posterior) throw alone(posterior ? '--posterior' : '--shares')
    return { kind: 'checkpoint', ...await chosenCheckpoint(directory, options, warn) }
  }
  const run = await namedRun(options.run, directory, warn)
  const experts = chosenExperts(directory, run, expert, warn)
  return { kind: 'ensemble', run, experts, ensemble: { experts: experts.map(({ weights }) => weights), shares: sharesOf(shares, experts.length), posterior } }
}

function alone (option: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what: `${option} cannot be used here`, why: 'it says how experts answer together', tryThis: `--ensemble ${option}` })
}

/** They come to one. */
function sharesOf (text: string | undefined, count: number): readonly number[] {
  if (text === undefined) return Array.from({ length: count }, () => 1 / count)
  const numbers = text.split(',').map(part => numberOption('shares', part, { minimum: 0, maximum: 1e9, whole: false }))
  const total = numbers.reduce((sum, number) => sum + number, 0)
  if (numbers.length === count && total > 0) return numbers.map(number => number / total)
  throw new ShoalError({ code: 'USAGE', what: `--shares ${text} cannot be used`, why: total > 0 ? `there are ${count} experts and ${numbers.length} numbers` : 'nobody would count', tryThis: `--shares ${Array.from({ length: count }, () => 1).join(',')}` })
}
