import { ShoalError } from '../../../src/errors.ts'
import { isTextModel } from '../../../src/manifest/model-kind.ts'
import type { TextRequest } from '../../../src/training/text-sampling.ts'
import { computeOf } from '../../config/compute.ts'
import { ownSettings } from '../../config/own-settings.ts'
import type { CheckpointChoice } from '../../peer/checkpoint-choice.ts'
import { openModel } from '../../peer/open-model.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { printable } from '../../terminal/printable.ts'
import type { TrainerClient } from '../../trainer-worker/client.ts'
import { action } from '../command.ts'
import { chosenModel } from '../ensemble-options.ts'
import type { ChosenModel, EnsembleOptions } from '../ensemble-options.ts'
import { gracefulShutdown } from '../graceful-shutdown.ts'
import { numberOption } from '../numbers.ts'

interface SampleOptions extends CheckpointChoice, EnsembleOptions {
  readonly tokens: string
  readonly temperature: string
  readonly topK: string
  readonly topP: string
  readonly seed: string
}

/** Writes as the model does: text appears token by token, and Ctrl-C ends it where it is. */
export const sample = action<SampleOptions>(async ({ arguments: [prompt = 'The '], options, output }) => {
  const request = requestOf(prompt, options)
  const directory = resolveDataDirectory(options.dataDir)
  const { settings } = ownSettings(directory)
  const chosen = await chosenModel(options, directory, output.message)
  const { run } = chosen
  if (!isTextModel(run.manifest.model)) throw writesNothing(run.manifest.model.kind)
  const shutdown = gracefulShutdown({ say: output.message, stopping: 'the text ends here' })
  try {
    const { trainer } = await openModel(run, { root: directory.root, compute: computeOf(settings) }, shutdown.signal)
    try {
      if (!options.json) output.text(printable(prompt))
      const onText = options.json ? undefined : (piece: string): void => { output.text(printable(piece)) }
      const text = await trainer.sample({ ...request, ...asked(chosen) }, { signal: shutdown.signal, onText })
      if (options.json) output.json({ version: 1, runId: run.runId, ...chosen.kind === 'ensemble' ? { experts: chosen.experts.map(({ name }) => name) } : { step: chosen.step }, prompt, text })
      else output.line('')
    } finally {
      await trainer.close()
    }
  } finally {
    shutdown.release()
  }
  return undefined
})

function asked (chosen: ChosenModel): Pick<Parameters<TrainerClient['sample']>[0], 'weights' | 'ensemble'> {
  return chosen.kind === 'ensemble' ? { ensemble: chosen.ensemble } : { weights: chosen.weights }
}

function requestOf (prompt: string, options: SampleOptions): TextRequest {
  return {
    prompt,
    tokens: numberOption('tokens', options.tokens, { minimum: 1, maximum: 100_000 }),
    temperature: numberOption('temperature', options.temperature, { minimum: 0, maximum: 100, whole: false }),
    topK: numberOption('top-k', options.topK, { minimum: 0, maximum: 1_000_000 }),
    topP: numberOption('top-p', options.topP, { minimum: 0.001, maximum: 1, whole: false }),
    seed: numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff })
  }
}

function writesNothing (kind: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what: 'this run’s model writes no text', why: `a ${kind} sorts examples into classes`, tryThis: 'shoal eval' })
}
