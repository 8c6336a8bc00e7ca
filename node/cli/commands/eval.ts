import { computeOf } from '../../config/compute.ts'
import { ownSettings } from '../../config/own-settings.ts'
import type { CheckpointChoice } from '../../peer/checkpoint-choice.ts'
import { evaluationFigures } from '../../peer/evaluation-figures.ts'
import type { EvaluationFigures } from '../../peer/evaluation-figures.ts'
import { openJudgedModel } from '../../peer/open-model.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { formatNumber } from '../../terminal/units.ts'
import { action } from '../command.ts'
import { chosenModel } from '../ensemble-options.ts'
import type { EnsembleOptions } from '../ensemble-options.ts'
import { ensembleLines, judgeEnsemble } from './eval-ensemble.ts'

type EvalOptions = CheckpointChoice & EnsembleOptions

export const evaluate = action<EvalOptions>(async ({ options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  const { settings } = ownSettings(directory)
  const chosen = await chosenModel(options, directory, output.message)
  const { run } = chosen
  const { trainer, data: { heldOut, heldOutText } } = await openJudgedModel(run, { root: directory.root, compute: computeOf(settings) }, new AbortController().signal)
  try {
    if (chosen.kind === 'ensemble') {
      const figures = await judgeEnsemble({ trainer }, chosen, heldOut, heldOutText)
      if (options.json) output.json({ version: 1, runId: run.runId, posterior: chosen.ensemble.posterior, ...figures })
      else for (const line of ensembleLines(figures)) output.line(line)
    } else {
      const { step, path, weights } = chosen
      const figures = evaluationFigures(await trainer.evaluate(weights), heldOut, heldOutText)
      if (options.json) output.json({ version: 1, runId: run.runId, step, checkpoint: path, ...figures })
      else for (const line of linesOf(figures, step)) output.line(line)
    }
  } finally {
    await trainer.close()
  }
  return undefined
})

function linesOf ({ loss, accuracy, perplexity, tokens, bitsPerCharacter: bits, gzipBitsPerCharacter: gzip }: EvaluationFigures, step: number): string[] {
  const [what, found] = bits === undefined ? ['example', 'right'] : ['token', 'foreseen']
  return [
    `held-out loss  ${formatNumber(loss, 4)} nats per ${what} over ${tokens} ${what}s, at step ${step}`,
    `               perplexity ${formatNumber(perplexity, 3)}; ${formatNumber(100 * accuracy, 1)} % of the ${what}s ${found}`,
    ...bits === undefined || gzip === undefined ? [] : [`               ${formatNumber(bits, 3)} bits per character; gzip needs ${formatNumber(gzip, 3)} for the same text${bits < gzip ? '' : ' and wins'}`]
  ]
}
