import { checkAnyMethod } from '../../../src/averaging/any-method.ts'
import { draftManifest } from '../../../src/manifest/draft.ts'
import type { InnerChoices } from '../../../src/manifest/draft.ts'
import { innerSchema } from '../../../src/manifest/schema.ts'
import { shortRunId, signManifest } from '../../../src/manifest/manifest.ts'
import { memoryWarning } from '../../../src/training/memory-estimate.ts'
import { FileStore } from '../../data/file-store.ts'
import { createNetworkKey } from '../../peer/network-key.ts'
import { rememberRun } from '../../peer/run-source.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../store/data-directory.ts'
import { loadIdentity } from '../../store/identity.ts'
import { admissionOf } from '../admission-options.ts'
import type { AdmissionOptions } from '../admission-options.ts'
import { action } from '../command.ts'
import { choiceOption } from '../choices.ts'
import { dataOf, tokenizerOf } from '../run-data.ts'
import type { RunDataOptions } from '../run-data.ts'
import { anyMethodOf } from '../scalar-options.ts'
import type { ScalarOptions } from '../scalar-options.ts'
import { examplesOf } from '../run-examples.ts'
import { numberOption } from '../numbers.ts'
import { writeOutputFile } from '../output-file.ts'

interface RunCreateOptions extends RunDataOptions, ScalarOptions, AdmissionOptions {
  readonly name: string
  readonly steps: string
  readonly model: string
  readonly seed: string
  readonly batch: string
  readonly learningRate: string
  readonly output?: string
  readonly optimizer: string
  readonly schedule: string
  readonly accumulate: string
  readonly growBatch?: string
  readonly mostPasses: string
  readonly recompute: boolean
  readonly private: boolean
}

export const runCreate = action<RunCreateOptions>(async ({ options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  prepareDataDirectory(directory)
  const store = new FileStore(directory.root)
  const identity = await loadIdentity(directory.identityFile)
  const steps = numberOption('steps', options.steps, { minimum: 0 })
  const draft = draftManifest({
    name: options.name,
    creator: identity.publicKey,
    seed: numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff }),
    model: options.model,
    method: anyMethodOf(options, { steps }),
    steps,
    batch: numberOption('batch', options.batch, { minimum: 1 }),
    learningRate: numberOption('learning-rate', options.learningRate, { minimum: 1e-9, maximum: 1, whole: false }),
    optimizer: choiceOption('optimizer', options.optimizer, innerSchema.shape.optimizer.options),
    decay: choiceOption('schedule', options.schedule, innerSchema.shape.decay.options),
    ...passesOf(options),
    recompute: options.recompute,
    admission: admissionOf(options),
    isPrivate: options.private,
    tokenizer: await tokenizerOf(options, store),
    data: await examplesOf(options, store) ?? await dataOf(options, store)
  })
  checkAnyMethod(draft)
  const run = signManifest(draft, identity.secretKey)
  if (options.output !== undefined) await writeOutputFile(options.output, [run.bytes], 'the manifest')
  await rememberRun(run, directory)
  if (options.private) createNetworkKey(run.runId, directory)
  if (options.json) output.json({ version: 1, runId: run.runId, manifest: run.manifest, file: options.output ?? null })
  else output.line(run.runId)
  const warning = memoryWarning(run.manifest)
  if (warning !== undefined) output.message(warning)
  output.message(`run ${run.manifest.name} (${shortRunId(run.runId)}) is ready; start its first peer with: shoal join ${options.output ?? shortRunId(run.runId)}`)
  return undefined
})

/** Two passes are the fewest that tell noise from gradient. */
function passesOf ({ accumulate, growBatch, mostPasses }: RunCreateOptions): Pick<InnerChoices, 'accumulate' | 'batchGrowth'> {
  const passes = numberOption('accumulate', accumulate, { minimum: 1, maximum: 1024 })
  if (growBatch === undefined) return { accumulate: passes }
  const begin = Math.max(2, passes)
  const tolerance = numberOption('grow-batch', growBatch, { minimum: 0.01, maximum: 1, whole: false })
  return { accumulate: begin, batchGrowth: { tolerance, mostPasses: numberOption('most-passes', mostPasses, { minimum: begin, maximum: 1024 }) } }
}
