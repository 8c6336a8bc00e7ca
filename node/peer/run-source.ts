import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { looksLikeInvite, parseInvite } from '../../src/manifest/invite.ts'
import type { Invite } from '../../src/manifest/invite.ts'
import { MAXIMUM_MANIFEST_BYTES, openManifest, shortRunId } from '../../src/manifest/manifest.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { fetchManifest } from '../network/fetch-manifest.ts'
import { findManifest } from '../network/find-manifest.ts'
import { writeFileAtomically } from '../store/atomic-file.ts'
import type { DataDirectory } from '../store/data-directory.ts'

/** A run to take part in, and where to begin to look for its peers. */
export interface RunSource {
  readonly run: SignedManifest
  readonly bootstrap: readonly string[]
  /** Of the invite, where it holds one. */
  readonly pass?: Uint8Array | undefined
  /** Of a private network, from the invite. */
  readonly networkKey?: Uint8Array | undefined
}

/** How to look for members of a run whose addresses are not known, or have died. */
export interface Search {
  /** Addresses of peers of whatever run. */
  readonly known: () => Promise<readonly string[]>
  readonly say: (sentence: string) => void
}

const RUN_ID = /^[0-9a-f]{64}$/

/** As many as a person reads in a line. */
const MOST_NAMED = 4

/**
 * Finds the run that a word names: an invite (the manifest is fetched from the peers it names, unless it is known),
 * a manifest file, the first letters of the id of a run that is known here, or the whole id of one that is not.
 *
 * @param search how to look for members that no address leads to; they are not looked for without it

 * @throws ShoalError INVITE_INVALID, MANIFEST_INVALID, MANIFEST_SIGNATURE, BOOTSTRAP_UNREACHABLE, PEER_INCOMPATIBLE, USAGE
 */
export async function findRun (word: string, directory: DataDirectory, signal: AbortSignal, search?: Search): Promise<RunSource> {
  if (looksLikeInvite(word)) return followInvite(word, directory, signal, search)
  if (existsSync(word)) return { run: readManifestFile(word), bootstrap: [] }
  const known = knownRuns(directory).filter(run => run.runId.startsWith(word) || run.manifest.name === word)
  const [only] = known
  if (only !== undefined && known.length === 1) return { run: only, bootstrap: [] }
  if (known.length > 1) throw ambiguous(word, known)
  if (search !== undefined && RUN_ID.test(word)) return await searchRun({ runId: word, addresses: [] }, search, signal)
  throw new ShoalError({
    code: 'USAGE',
    what: `${word.slice(0, 80)} names no run`,
    why: 'it is no invite, no file, no whole run id, and no run that is known here',
    tryThis: 'shoal join <invite>, shoal join <manifest file>, shoal join <run id of 64 digits>, or shoal run ls for what is known here'
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

async function followInvite (word: string, directory: DataDirectory, signal: AbortSignal, search: Search | undefined): Promise<RunSource> {
  const invite = parseInvite(word)
  const file = join(runFolder(invite.runId, directory), 'manifest.run')
  const { pass, networkKey, addresses } = invite
  if (existsSync(file)) return { run: ofRun(invite.runId, readManifestFile(file)), bootstrap: addresses, pass, networkKey }
  try {
    return { run: ofRun(invite.runId, openManifest(await fetchManifest(addresses, invite.runId, { signal, networkKey }))), bootstrap: addresses, pass, networkKey }
  } catch (error) {
    if (search === undefined || !(error instanceof ShoalError) || error.code !== 'BOOTSTRAP_UNREACHABLE') throw error
    search.say(`${error.message}; looking for others of the run`)
    return await searchRun(invite, search, signal)
  }
}

/** Members may be found even where nobody said where they are. */
async function searchRun ({ runId, addresses, pass, networkKey }: Invite, { known, say }: Search, signal: AbortSignal): Promise<RunSource> {
  const doors = [...addresses, ...await known()]
  say(`looking for members of run ${shortRunId(runId)} on the local network${doors.length === 0 ? '' : ' and in the table of all runs'}`)
  const found = await findManifest(runId, { known: doors, networkKey, signal })
  return { run: ofRun(runId, openManifest(found.manifest)), bootstrap: [...addresses, ...found.addresses], pass, networkKey }
}

/** @throws ShoalError PEER_INCOMPATIBLE when the manifest is another run's */
function ofRun (runId: string, run: SignedManifest): SignedManifest {
  if (run.runId === runId) return run
  throw new ShoalError({
    code: 'PEER_INCOMPATIBLE',
    what: 'the manifest is not the one that was asked for',
    why: `the run is ${shortRunId(runId)}, what came is ${shortRunId(run.runId)}`,
    tryThis: 'ask for a fresh invite'
  })
}

function lastUsedMs (runId: string, directory: DataDirectory): number {
  const checkpoints = join(directory.runs, runId, 'checkpoints')
  return statSync(existsSync(checkpoints) ? checkpoints : join(directory.runs, runId)).mtimeMs
}
