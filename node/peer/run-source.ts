import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { looksLikeInvite, parseInvite } from '../../src/manifest/invite.ts'
import { MAXIMUM_MANIFEST_BYTES, openManifest, shortRunId } from '../../src/manifest/manifest.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { fetchManifest } from '../network/fetch-manifest.ts'
import { writeFileAtomically } from '../store/atomic-file.ts'
import type { DataDirectory } from '../store/data-directory.ts'

/** A run to take part in, and where to begin to look for its peers. */
export interface RunSource {
  readonly run: SignedManifest
  readonly bootstrap: readonly string[]
  /** Of the invite, where it holds one. */
  readonly pass?: Uint8Array | undefined
}

/** As many as a person reads in a line. */
const MOST_NAMED = 4

/**
 * Finds the run that a word names: an invite (the manifest is fetched from the peers it names, unless it is known),
 * a manifest file, or the first letters of the id of a run that is known here.
 *
 * @throws ShoalError INVITE_INVALID, MANIFEST_INVALID, MANIFEST_SIGNATURE, BOOTSTRAP_UNREACHABLE, PEER_INCOMPATIBLE, USAGE
 */
export async function findRun (word: string, directory: DataDirectory, signal: AbortSignal): Promise<RunSource> {
  if (looksLikeInvite(word)) return followInvite(word, directory, signal)
  if (existsSync(word)) return { run: readManifestFile(word), bootstrap: [] }
  const known = knownRuns(directory).filter(run => run.runId.startsWith(word) || run.manifest.name === word)
  const [only] = known
  if (only !== undefined && known.length === 1) return { run: only, bootstrap: [] }
  if (known.length > 1) throw ambiguous(word, known)
  throw new ShoalError({
    code: 'USAGE',
    what: `${word.slice(0, 80)} names no run`,
    why: 'it is no invite, no file, and no run that is known here',
    tryThis: 'shoal join <invite>, shoal join <manifest file>, or shoal run ls for what is known here'
  })
}

function ambiguous (word: string, runs: readonly SignedManifest[]): ShoalError {
  const named = runs.slice(0, MOST_NAMED).map(({ manifest, runId }) => `${manifest.name} (${shortRunId(runId)})`)
  return new ShoalError({
    code: 'USAGE', what: `${word.slice(0, 80)} names several runs`, why: `it may be ${[...named, ...runs.length > MOST_NAMED ? ['another'] : []].join(' or ')}`,
    tryThis: 'more letters of the id of the one that is meant; shoal run ls lists them'
  })
}

/** Keeps a manifest for later starts; it is named by its hash, so it never changes. */
export async function rememberRun (run: SignedManifest, directory: DataDirectory): Promise<void> {
  const folder = runFolder(run.runId, directory)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'manifest.run')
  if (!existsSync(file)) await writeFileAtomically(file, [run.bytes])
}

export function runFolder (runId: string, directory: DataDirectory): string {
  return join(directory.runs, runId)
}

/** Where a run's events are recorded. */
export function eventFolder (runId: string, directory: DataDirectory): string {
  return join(runFolder(runId, directory), 'events')
}

/** Where a run's merged models lie, apart from this peer's own: it goes on from what it was itself. */
export function mergeFolder (runId: string, directory: DataDirectory): string {
  return join(runFolder(runId, directory), 'merged')
}

/** Where the experts lie that a merge fetched, one folder a peer. */
export function expertsFolder (runId: string, directory: DataDirectory): string {
  return join(runFolder(runId, directory), 'experts')
}

export function expertFolder (runId: string, peerId: string, directory: DataDirectory): string {
  return join(expertsFolder(runId, directory), peerId)
}

/** The runs of a data directory, the one last worked on first; `warn` is told of manifests that cannot be read. */
export function knownRuns (directory: DataDirectory, warn: (sentence: string) => void = () => undefined): SignedManifest[] {
  if (!existsSync(directory.runs)) return []
  return readdirSync(directory.runs)
    .map(name => ({ name, file: join(directory.runs, name, 'manifest.run') }))
    .filter(({ file }) => existsSync(file))
    .sort((a, b) => lastUsedMs(b.name, directory) - lastUsedMs(a.name, directory))
    .flatMap(({ file }) => {
      try {
        return [readManifestFile(file)]
      } catch (error) {
        warn(`${file} is left out: ${reasonOf(error)}`)
        return []
      }
    })
}

/** @throws ShoalError MANIFEST_INVALID, MANIFEST_SIGNATURE */
export function readManifestFile (file: string): SignedManifest {
  let bytes: Uint8Array
  try {
    const { size } = statSync(file)
    if (size > MAXIMUM_MANIFEST_BYTES) throw new Error(`it has ${size} bytes, the limit is ${MAXIMUM_MANIFEST_BYTES}`)
    bytes = readFileSync(file)
  } catch (cause) {
    throw new ShoalError({
      code: 'MANIFEST_INVALID', what: `${file} cannot be read as a manifest`, why: reasonOf(cause),
      tryThis: 'shoal run create writes one', cause
    })
  }
  return openManifest(new Uint8Array(bytes))
}

async function followInvite (word: string, directory: DataDirectory, signal: AbortSignal): Promise<RunSource> {
  const invite = parseInvite(word)
  const file = join(runFolder(invite.runId, directory), 'manifest.run')
  const run = existsSync(file) ? readManifestFile(file) : openManifest(await fetchManifest(invite.addresses, invite.runId, { signal }))
  if (run.runId !== invite.runId) {
    throw new ShoalError({
      code: 'PEER_INCOMPATIBLE',
      what: 'the manifest is not the one of the invite',
      why: `the invite is for run ${shortRunId(invite.runId)}, what came is ${shortRunId(run.runId)}`,
      tryThis: 'ask for a fresh invite'
    })
  }
  return { run, bootstrap: invite.addresses, pass: invite.pass }
}

function lastUsedMs (runId: string, directory: DataDirectory): number {
  const checkpoints = join(directory.runs, runId, 'checkpoints')
  return statSync(existsSync(checkpoints) ? checkpoints : join(directory.runs, runId)).mtimeMs
}
