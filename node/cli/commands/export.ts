import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { encodeSafetensors } from '../../../src/checkpoint/safetensors.ts'
import { exportModel } from '../../../src/interop/export-model.ts'
import { FOREIGN_FORMATS } from '../../../src/interop/formats.ts'
import { huggingFaceConfig } from '../../../src/interop/hugging-face-config.ts'
import { chosenCheckpoint } from '../../peer/checkpoint-choice.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { choiceOption } from '../choices.ts'
import { action } from '../command.ts'
import { writeOutputFile } from '../output-file.ts'

interface ExportOptions {
  readonly run?: string
  readonly checkpoint: string
  readonly format: string
  readonly output: string
}

/** Hugging Face reads the model's shape from a file of this name beside its weights. */
const CONFIG_FILE = 'config.json'

export const exportWeights = action<ExportOptions>(async ({ options, output }) => {
  const format = choiceOption('format', options.format, FOREIGN_FORMATS)
  const { run, step, weights } = await chosenCheckpoint(resolveDataDirectory(options.dataDir), options, output.message)
  const { model, tokenizer } = run.manifest
  const file = exportModel(model, weights, format, tokenizer)
  await writeOutputFile(options.output, encodeSafetensors(file))
  const config = join(dirname(options.output), CONFIG_FILE)
  const writesConfig = format !== 'plain' && !existsSync(config)
  if (writesConfig) await writeOutputFile(config, [new TextEncoder().encode(`${JSON.stringify(huggingFaceConfig(model), undefined, 2)}\n`)])
  if (options.json) output.json({ version: 1, runId: run.runId, step, format, tensors: file.tensors.length, file: options.output, config: writesConfig ? config : null })
  else output.line(options.output)
  output.message(`${file.tensors.length} tensors of ${run.manifest.name} at step ${step}, ${format} layout`)
  if (format !== 'plain' && !writesConfig) output.message(`${config} is there and stays as it is`)
  return undefined
})
