import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { hashFile, stateOf } from './read-file.ts'
import type { FileState } from './read-file.ts'

/** A file of somebody's data, with the name under which a run knows it. */
export interface LocalFile extends FileState {
  readonly name: string
  readonly sha256: string
}

/** A list of more is longer than a manifest may name. */
const MAXIMUM_FILES = 100_000

interface Found { readonly name: string, readonly path: string }

/**
 * The files that paths name, in order of name: each file, and whatever a directory holds at any depth except what begins with a dot.
 * Empty files are left out. Every file is hashed.
 *
 * @throws ShoalError DATA_INVALID for a path that cannot be read, a directory that leads back into itself, two files of one name, or no text at all
 */
export async function findFiles (paths: readonly string[], signal?: AbortSignal): Promise<readonly LocalFile[]> {
  const found: Found[] = []
  for (const path of paths) await collect({ name: basename(resolve(path)), path: resolve(path) }, [], found)
  found.sort((a, b) => a.name < b.name ? -1 : 1)
  const twice = found.find(({ name }, index) => found[index + 1]?.name === name)
  if (twice !== undefined) throw invalid(twice.path, `another file is named ${twice.name} too`)
  const files: LocalFile[] = []
  for (const { name, path } of found) {
    const state = await stateOf(path)
    if (state.bytes > 0) files.push({ name, ...state, sha256: await hashFile(state, signal) })
  }
  if (files.length === 0) throw invalid(paths.join(', '), found.length === 0 ? 'there is no file in it' : 'every file in it is empty')
  return files
}

/** @param above real paths of the directories that lead here */
async function collect ({ name, path }: Found, above: readonly string[], found: Found[]): Promise<void> {
  let real: string
  let isDirectory: boolean
  try {
    real = await realpath(path)
    const stats = await stat(real)
    isDirectory = stats.isDirectory()
    if (!isDirectory && !stats.isFile()) throw new Error('it is neither a file nor a directory')
  } catch (cause) {
    throw invalid(path, reasonOf(cause), cause)
  }
  if (!isDirectory) {
    found.push({ name, path })
    if (found.length > MAXIMUM_FILES) throw invalid(path, `there are more than ${MAXIMUM_FILES} files`)
    return
  }
  if (above.includes(real)) throw invalid(path, `it leads back to ${real}`)
  for (const entry of await entriesOf(path)) await collect({ name: `${name}/${entry}`, path: join(path, entry) }, [...above, real], found)
}

async function entriesOf (directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter(entry => !entry.startsWith('.'))
  } catch (cause) {
    throw invalid(directory, reasonOf(cause), cause)
  }
}

function invalid (path: string, why: string, cause?: unknown): ShoalError {
  return new ShoalError({ code: 'DATA_INVALID', what: `${path} cannot be trained on`, why, tryThis: 'name files that exist and may be read, or directories of them', cause })
}
