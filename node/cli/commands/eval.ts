import { bitsPerCharacter, gzipBitsPerCharacter } from '../../peer/text-figures.ts'
import { computeOf } from '../../config/compute.ts'
import { ownSettings } from '../../config/own-settings.ts'
import { chosenCheckpoint } from '../../peer/checkpoint-choice.ts'
import { openModel } from '../../peer/open-model.ts'
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
  const { trainer, data: { heldOut, heldOutText } } = await openModel(run, computeOf(settings), new AbortController().signal)
  try {
    const { loss, tokens } = await trainer.evaluate(weights)
    const bits = bitsPerCharacter(loss, heldOut)
    const gzip = gzipBitsPerCharacter(heldOutText)
    if (options.json) output.json({ version: 1, runId: run.runId, step, checkpoint: path, loss, tokens, bitsPerCharacter: bits, gzipBitsPerCharacter: gzip })
    else {
      output.line(`held-out loss  ${formatNumber(loss, 4)} nats per token over ${tokens} tokens of ${heldOut.bytes} bytes, at step ${step}`)
      output.line(`               ${formatNumber(bits, 3)} bits per character; gzip needs ${formatNumber(gzip, 3)} for the same text${bits < gzip ? '' : ' and wins'}`)
    }
  } finally {
    await trainer.close()
  }
  return undefined
})
