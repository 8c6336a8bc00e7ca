import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { ShoalError } from '../../src/errors.ts'
import { eventFiles } from './event-files.ts'

/** Where a recording lies, and whose it is as the folders' names tell. */
export interface FoundRecording {
  readonly folder: string
  readonly name: string
}

/** As many as a person reads in a line. */
const MOST_NAMED = 4

/**
 * The recording that a folder means: the folder of one, a run's, a data directory (then of the run last recorded), or a testnet's with one of its
 * peers named.
 *
 * @throws ShoalError USAGE where there is none, or several
 */
export function findRecording (directory: string, peer?: string): FoundRecording {
  refuseNoFolder(directory)
  const peers = peersIn(directory)
  if (peer !== undefined) return named(directory, peers, peer)
  const own = newestIn(directory)
  if (own !== undefined) return { folder: own, name: basename(resolve(directory)) }
  if (peers.length > 0) {
    throw usage(`${directory} holds recordings of ${peers.length} peers`, `they are ${peers.slice(0, MOST_NAMED).map(nameOf).join(', ')}${peers.length > MOST_NAMED ? ' and others' : ''}`, `shoal replay ${directory} --peer ${nameOf(peers[0] ?? '')}`)
  }
  throw nothingIn(directory)
}

/** All that a folder means: one recording, or those of a testnet's peers in order of their names. @throws ShoalError USAGE where there is none */
export function findRecordings (directory: string): readonly FoundRecording[] {
  refuseNoFolder(directory)
  const own = newestIn(directory)
  if (own !== undefined) return [{ folder: own, name: basename(resolve(directory)) }]
  const found = peersIn(directory).flatMap(folder => {
    const newest = newestIn(folder)
    return newest === undefined ? [] : [{ folder: newest, name: nameOf(folder) }]
  })
  if (found.length === 0) throw nothingIn(directory)
  return found
}

function refuseNoFolder (directory: string): void {
  if (existsSync(directory) && statSync(directory).isDirectory()) return
  throw usage(`there is no folder ${directory}`, 'nothing of that name is a folder', 'a data directory, a run’s folder in it, or a testnet’s folder')
}

function nothingIn (directory: string): ShoalError {
  return usage(`nothing is recorded in ${directory}`, 'no peer has written events there', 'shoal join records by itself; shoal config show says where the data directory is')
}

/** Folders of a testnet's peers that recorded something. */
function peersIn (directory: string): string[] {
  return subfolders(directory).filter(folder => basename(folder).startsWith('peer-') && newestIn(folder) !== undefined)
}

function named (directory: string, peers: readonly string[], peer: string): FoundRecording {
  const found = peers.find(folder => nameOf(folder) === peer || basename(folder) === peer)
  const folder = found === undefined ? undefined : newestIn(found)
  if (folder !== undefined) return { folder, name: peer }
  throw usage(`no peer ${peer} is recorded in ${directory}`, peers.length === 0 ? 'no peer’s folder lies there' : `there are ${peers.map(nameOf).join(', ')}`, `shoal replay ${directory}`)
}

function nameOf (folder: string): string {
  return basename(folder).replace(/^peer-/, '')
}

/** The recording last written to in a folder: in it, in its `events`, or in one of its runs'. */
function newestIn (directory: string): string | undefined {
  const candidates = [directory, join(directory, 'events'), ...subfolders(join(directory, 'runs')).map(folder => join(folder, 'events'))]
  return candidates.flatMap(folder => {
    const last = eventFiles(folder).at(-1)
    return last === undefined ? [] : [{ folder, atMs: statSync(last.path).mtimeMs }]
  }).sort((a, b) => b.atMs - a.atMs)[0]?.folder
}

function subfolders (directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => join(directory, entry.name)).sort()
}

function usage (what: string, why: string, tryThis: string): ShoalError {
  return new ShoalError({ code: 'USAGE', what, why, tryThis })
}
