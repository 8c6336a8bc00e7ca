import { computeOf } from '../../config/compute.ts'
import { ownSettings } from '../../config/own-settings.ts'
import { chosenCheckpoint } from '../../peer/checkpoint-choice.ts'
import { openModel } from '../../peer/open-model.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { printable } from '../../terminal/printable.ts'
import { action } from '../command.ts'
import { numberOption } from '../numbers.ts'

interface SampleOptions {
  readonly run?: string
  readonly checkpoint: string
  readonly tokens: string
  readonly temperature: string
  readonly topK: string
  readonly seed: string
}

export const sample = action<SampleOptions>(async ({ arguments: [prompt = 'The '], options, output }) => {
  const tokens = numberOption('tokens', options.tokens, { minimum: 1, maximum: 100_000 })
  const temperature = numberOption('temperature', options.temperature, { minimum: 0.01, maximum: 100, whole: false })
  const topK = numberOption('top-k', options.topK, { minimum: 1, maximum: 1_000_000 })
  const seed = numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff })
  const directory = resolveDataDirectory(options.dataDir)
  const { settings } = ownSettings(directory)
  const { run, step, weights } = await chosenCheckpoint(directory, options, output.message)
  const { trainer } = await openModel(run, computeOf(settings), new AbortController().signal)
  try {
    const text = await trainer.sample({ prompt, tokens, temperature, topK, seed, weights })
    if (options.json) output.json({ version: 1, runId: run.runId, step, prompt, text })
    else output.line(printable(prompt + text))
  } finally {
    await trainer.close()
  }
  return undefined
})
