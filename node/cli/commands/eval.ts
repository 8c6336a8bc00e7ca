import { computeOf } from '../../config/compute.ts'
import { ownSettings } from '../../config/own-settings.ts'
import { chosenCheckpoint } from '../../peer/checkpoint-choice.ts'
import { evaluationFigures } from '../../peer/evaluation-figures.ts'
import type { EvaluationFigures } from '../../peer/evaluation-figures.ts'
import { openJudgedModel } from '../../peer/open-model.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { formatNumber } from '../../terminal/units.ts'
import { action } from '../command.ts'

interface EvalOptions {
  readonly run?: string
  readonly checkpoint: string
}

export const evaluate = action<EvalOptions>(async ({ options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  const { settings } = ownSettings(directory)
  const { run, step, weights, path } = await chosenCheckpoint(directory, options, output.message)
  const { trainer, data: { heldOut, heldOutText } } = await openJudgedModel(run, { root: directory.root, compute: computeOf(settings) }, new AbortController().signal)
  try {
    const figures = evaluationFigures(await trainer.evaluate(weights), heldOut, heldOutText)
    if (options.json) output.json({ version: 1, runId: run.runId, step, checkpoint: path, ...figures })
    else for (const line of linesOf(figures, step)) output.line(line)
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
