import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { genesisHash } from '../../../src/manifest/genesis-hash.ts'
import { decodeSafetensors } from '../../../src/checkpoint/safetensors.ts'
import type { DecodedTensorFile } from '../../../src/checkpoint/safetensors.ts'
import { BYTE_VOCABULARY } from '../../../src/data/byte-tokenizer.ts'
import { reasonOf, ShoalError } from '../../../src/errors.ts'
import { SPEC_KEY } from '../../../src/interop/export-model.ts'
import { importModel } from '../../../src/interop/import-model.ts'
import type { ImportedModel } from '../../../src/interop/import-model.ts'
import { draftManifest } from '../../../src/manifest/draft.ts'
import { isTextModel } from '../../../src/manifest/model-kind.ts'
import { shortRunId, signManifest } from '../../../src/manifest/manifest.ts'
import { FileStore } from '../../data/file-store.ts'
import { writeImportedRun } from '../../peer/imported-run.ts'
import { prepareDataDirectory, resolveDataDirectory } from '../../store/data-directory.ts'
import { loadIdentity } from '../../store/identity.ts'
import { platformSha256, readWholeFile } from '../../store/whole-file.ts'
import { action } from '../command.ts'
import { dataOf, tokenizerOf } from '../run-data.ts'
import type { RunDataOptions } from '../run-data.ts'
import { examplesOf } from '../run-examples.ts'
import { numberOption } from '../numbers.ts'
import { anyMethodOf } from '../scalar-options.ts'
import type { ScalarOptions } from '../scalar-options.ts'

interface ImportOptions extends RunDataOptions, ScalarOptions {
  readonly name: string
  readonly steps: string
  readonly seed: string
  readonly batch: string
  readonly learningRate: string
}

export const importWeights = action<ImportOptions>(async ({ arguments: [path = ''], options, output }) => {
  const model = readModel(path, options)
  const directory = resolveDataDirectory(options.dataDir)
  prepareDataDirectory(directory)
  const store = new FileStore(directory.root)
  const identity = await loadIdentity(directory.identityFile)
  const steps = numberOption('steps', options.steps, { minimum: 0 })
  const drafted = draftManifest({
    name: options.name,
    creator: identity.publicKey,
    seed: numberOption('seed', options.seed, { minimum: 0, maximum: 0xffff_ffff }),
    model: model.spec,
    genesis: { sha256: genesisHash(model.weights) },
    method: anyMethodOf(options, { steps }),
    steps,
    batch: numberOption('batch', options.batch, { minimum: 1 }),
    learningRate: numberOption('learning-rate', options.learningRate, { minimum: 1e-9, maximum: 1, whole: false }),
    tokenizer: await tokenizerOf(options, store),
    data: await examplesOf({ ...options, model: model.spec.kind }, store) ?? await dataOf(options, store)
  })
  const run = signManifest(drafted, identity.secretKey)
  const checkpoint = await writeImportedRun({ run, weights: model.weights, peerId: identity.peerId, directory })
  if (options.json) output.json({ version: 1, runId: run.runId, format: model.format, parameters: model.weights.length, manifest: run.manifest, checkpoint })
  else output.line(run.runId)
  output.message(`run ${options.name} (${shortRunId(run.runId)}) begins with ${model.weights.length} imported weights; start its first peer here: shoal join ${shortRunId(run.runId)}`)
  return undefined
})

function readModel (path: string, { tokenizer }: Pick<RunDataOptions, 'tokenizer'>): ImportedModel {
  const config = join(dirname(path), 'config.json')
  let bytes: Uint8Array
  let description: unknown
  try {
    bytes = readWholeFile(path)
    description = existsSync(config) ? JSON.parse(readFileSync(config, 'utf8')) : undefined
  } catch (cause) {
    throw unreadable(path, 'USAGE', reasonOf(cause), cause)
  }
  const file = decoded(path, bytes)
  // A file of our own carries its description; a config.json beside it may be another model's.
  const model = importModel(file, SPEC_KEY in file.metadata ? undefined : description)
  if (!isTextModel(model.spec) || tokenizer !== 'bytes' || model.spec.vocabulary >= BYTE_VOCABULARY) return model
  throw new ShoalError({
    code: 'CHECKPOINT_INCOMPATIBLE', what: `${path} cannot be trained here`, why: `its vocabulary of ${model.spec.vocabulary} is smaller than the ${BYTE_VOCABULARY} bytes`,
    tryThis: 'import a model with at least 256 tokens'
  })
}

/** As a checkpoint's, but the file is somebody else's: there is no older one to fall back on. */
function decoded (path: string, bytes: Uint8Array): DecodedTensorFile {
  try {
    return decodeSafetensors(bytes, platformSha256)
  } catch (cause) {
    throw cause instanceof ShoalError ? unreadable(path, cause.code, cause.why, cause) : cause
  }
}

function unreadable (path: string, code: ShoalError['code'], why: string, cause: unknown): ShoalError {
  return new ShoalError({ code, what: `${path} cannot be read as a model`, why, tryThis: 'shoal import model.safetensors --name …, with its config.json beside it', cause })
}
