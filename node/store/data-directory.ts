import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, posix, win32 } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { createFileAtomically, replaceFileAtomically } from './atomic-file.ts'
import { acquireLock } from './lock.ts'
import { makeFolder } from './make-folder.ts'
import { MIGRATIONS } from './migrations.ts'
import type { Migration } from './migrations.ts'

/** Number of the layout below; a newer one is refused, an older one is brought forward. */
export const SCHEMA = 2

/**
 * Everything that one peer keeps:
 *
 *     config.toml                 settings (optional)
 *     identity.key        0600    Ed25519 key; the peer id is its public half
 *     version                     number of this layout
 *     lock                        pid of the peer that runs on it
 *     daemon.json · api.sock      how to reach that peer
 *     store/                      Level: rounds, remembered peers, checkpoint index
 *     runs/<run id>/
 *       manifest.run              the signed manifest
 *       network.key     0600      key of a private run's network
 *       checkpoints/*.safetensors
 *       events/*.ndjson           what the peer told, for replay
 *     testnets/<name>/peer-<x>/   data directories of a local testnet's peers
 *     logs/daemon.log · .1 …
 *     api.token           0600    opens the API on TCP, where that is on
 */
export interface DataDirectory {
  readonly root: string
  readonly configFile: string
  readonly identityFile: string
  readonly lockFile: string
  readonly store: string
  readonly runs: string
  readonly testnets: string
  readonly logFile: string
}

/** Where the peer's data lies: flag over SHOAL_HOME over the system's place for data. */
export function resolveDataDirectory (flag: string | undefined, environment: Readonly<Record<string, string | undefined>> = process.env, platform: NodeJS.Platform = process.platform): DataDirectory {
  // The platform's own rules, so that every platform's can be tested on any.
  const path = platform === 'win32' ? win32 : posix
  const root = path.resolve(flag ?? given(environment['SHOAL_HOME']) ?? systemDirectory(environment, platform))
  return {
    root,
    configFile: path.join(root, 'config.toml'),
    identityFile: path.join(root, 'identity.key'),
    lockFile: path.join(root, 'lock'),
    store: path.join(root, 'store'),
    runs: path.join(root, 'runs'),
    testnets: path.join(root, 'testnets'),
    logFile: path.join(root, 'logs', 'daemon.log')
  }
}

/**
 * Creates what is missing of a data directory, and brings an older layout forward; changes nothing else that is there.
 *
 * @throws ShoalError DATA_DIRECTORY_UNWRITABLE, STORE_NEWER, STORE_CORRUPT, DATA_DIRECTORY_LOCKED
 */
export function prepareDataDirectory (directory: DataDirectory, migrations: readonly Migration[] = MIGRATIONS): void {
  try {
    makeFolder(directory.root)
    accessSync(directory.root, constants.W_OK | constants.R_OK | constants.X_OK)
    checkSchema(directory, migrations)
    mkdirSync(directory.runs, { recursive: true, mode: 0o700 })
  } catch (cause) {
    if (cause instanceof ShoalError) throw cause
    throw new ShoalError({
      code: 'DATA_DIRECTORY_UNWRITABLE',
      what: `the data directory ${directory.root} cannot be written`,
      why: reasonOf(cause),
      tryThis: 'choose another with --data-dir or SHOAL_HOME, or mend its permissions',
      cause
    })
  }
}

function checkSchema (directory: DataDirectory, migrations: readonly Migration[]): void {
  const file = join(directory.root, 'version')
  const found = readIfThere(file)
  if (found === undefined) {
    createFileAtomically(file, Buffer.from(`${SCHEMA}\n`))
    return
  }
  const version = /^\d+$/.test(found.trim()) ? Number(found) : Number.NaN
  if (version === SCHEMA) return
  if (Number.isNaN(version) || version < 1) throw unreadableVersion(file, found)
  if (version < SCHEMA) {
    bringForward(directory, file, migrations)
    return
  }
  throw new ShoalError({
    code: 'STORE_NEWER',
    what: `the data directory ${directory.root} is of a newer Shoal`,
    why: `its layout has number ${found.trim().slice(0, 20)}, this version knows ${SCHEMA}`,
    tryThis: 'update Shoal, or choose another directory with --data-dir'
  })
}

/** Step by step, each made durable before the next; nobody else may be at it. @throws ShoalError DATA_DIRECTORY_LOCKED while an older Shoal runs on it */
function bringForward (directory: DataDirectory, file: string, migrations: readonly Migration[]): void {
  const lock = acquireLock(directory.lockFile)
  try {
    // Another process may have been quicker.
    for (let version = Number(readIfThere(file)); version < SCHEMA; version++) {
      migrations.find(({ from }) => from === version)?.run(directory)
      replaceFileAtomically(file, Buffer.from(`${version + 1}\n`))
    }
  } finally {
    lock.release()
  }
}

function unreadableVersion (file: string, found: string): ShoalError {
  return new ShoalError({
    code: 'STORE_CORRUPT', what: `${file} does not say which layout this data directory has`, why: `it holds ${JSON.stringify(found.slice(0, 20))}, no number of a layout`,
    tryThis: `write ${SCHEMA} into it if this version of Shoal made the directory, or choose another with --data-dir`
  })
}

/** An empty variable is one that is not set. */
function given (value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

function readIfThere (file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function systemDirectory (environment: Readonly<Record<string, string | undefined>>, platform: NodeJS.Platform): string {
  if (platform === 'darwin') return posix.join(homedir(), 'Library', 'Application Support', 'shoal')
  if (platform === 'win32') return win32.join(given(environment['LOCALAPPDATA']) ?? win32.join(homedir(), 'AppData', 'Local'), 'shoal')
  return posix.join(given(environment['XDG_DATA_HOME']) ?? posix.join(homedir(), '.local', 'share'), 'shoal')
}
