import type { HeldOutSource } from '../../../src/data/sources.ts'
import { weightedMeanOfReplicas } from '../../../src/parameters/consensus.ts'
import { evaluationFigures } from '../../peer/evaluation-figures.ts'
import type { EvaluationFigures } from '../../peer/evaluation-figures.ts'
import type { OpenModel } from '../../peer/open-model.ts'
import { table } from '../../terminal/table.ts'
import { formatNumber } from '../../terminal/units.ts'
import type { ChosenEnsemble } from '../ensemble-options.ts'

interface Judged extends EvaluationFigures {
  /** What it counted in the mixture, on average over the targets. */
  readonly share?: number
}

export interface EnsembleFigures {
  readonly ensemble: Judged
  /** One model of the same experts: the mean of their weights, by the shares that the mixture begins with. */
  readonly merged: Judged
  readonly experts: ReadonlyArray<Judged & { readonly name: string }>
}

/** The mixture of experts beside each of them and beside their merge. @throws ShoalError TRAINER_FAILED */
export async function judgeEnsemble ({ trainer }: Pick<OpenModel, 'trainer'>, { experts, ensemble }: Pick<ChosenEnsemble, 'experts' | 'ensemble'>, heldOut: HeldOutSource, text: Uint8Array | undefined): Promise<EnsembleFigures> {
  const judged = await trainer.evaluateEnsemble(ensemble)
  const merged = await trainer.evaluate(weightedMeanOfReplicas(ensemble.experts, ensemble.shares))
  return {
    ensemble: evaluationFigures(judged.ensemble, heldOut, text),
    merged: evaluationFigures(merged, heldOut, text),
    experts: judged.experts.map((evaluation, index) => ({ name: experts[index]?.name ?? '', share: judged.shares[index] ?? 0, ...evaluationFigures(evaluation, heldOut, text) }))
  }
}

export function ensembleLines ({ ensemble, merged, experts }: EnsembleFigures): readonly string[] {
  const row = (name: string, { loss, perplexity, accuracy, share }: Judged): string[] =>
    [name, formatNumber(loss, 4), formatNumber(perplexity, 3), formatNumber(100 * accuracy, 1), share === undefined ? '' : formatNumber(share, 3)]
  const columns = [{ title: 'model' }, { title: 'held-out loss' }, { title: 'perplexity' }, { title: '% foreseen' }, { title: 'share' }]
  return table(columns, [row('ensemble', ensemble), row('merged weights', merged), ...experts.map(expert => row(expert.name, expert))])
}
