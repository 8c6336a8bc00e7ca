import { accessSync, constants, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { createFileAtomically } from './atomic-file.ts'

/** Number of the layout below; a newer one is refused, an older one is brought forward. */
const SCHEMA = 1

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
 *       checkpoints/*.safetensors
 *     testnets/<name>/peer-<x>/   data directories of a local testnet's peers
 *     logs/daemon.log
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
  const root = resolve(flag ?? given(environment['SHOAL_HOME']) ?? systemDirectory(environment, platform))
  return {
    root,
    configFile: join(root, 'config.toml'),
    identityFile: join(root, 'identity.key'),
    lockFile: join(root, 'lock'),
    store: join(root, 'store'),
    runs: join(root, 'runs'),
    testnets: join(root, 'testnets'),
    logFile: join(root, 'logs', 'daemon.log')
  }
}

/**
 * Creates what is missing of a data directory; changes nothing that is there.
 *
 * @throws ShoalError DATA_DIRECTORY_UNWRITABLE, STORE_NEWER
 */
export function prepareDataDirectory (directory: DataDirectory): void {
  try {
    makeFolder(directory.root)
    accessSync(directory.root, constants.W_OK | constants.R_OK | constants.X_OK)
    checkSchema(directory)
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

/**
 * Makes a folder and those above it that are missing. Node's own recursive way never ends where a folder exists that has no
 * place for another, as /proc.
 */
function makeFolder (path: string): void {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return
    throw new Error(`${path} is no folder`)
  }
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function checkSchema (directory: DataDirectory): void {
  const file = join(directory.root, 'version')
  const found = readIfThere(file)
  if (found === undefined) {
    createFileAtomically(file, Buffer.from(`${SCHEMA}\n`))
    return
  }
  const version = /^\d+$/.test(found.trim()) ? Number(found) : Number.NaN
  if (version >= 1 && version <= SCHEMA) return
  if (Number.isNaN(version)) throw unreadableVersion(file, found)
  throw new ShoalError({
    code: 'STORE_NEWER',
    what: `the data directory ${directory.root} is of a newer Shoal`,
    why: `its layout has number ${found.trim().slice(0, 20)}, this version knows ${SCHEMA}`,
    tryThis: 'update Shoal, or choose another directory with --data-dir'
  })
}

function unreadableVersion (file: string, found: string): ShoalError {
  return new ShoalError({
    code: 'STORE_CORRUPT', what: `${file} does not say which layout this data directory has`, why: `it holds ${JSON.stringify(found.slice(0, 20))}, not a number`,
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
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'shoal')
  if (platform === 'win32') return join(given(environment['LOCALAPPDATA']) ?? join(homedir(), 'AppData', 'Local'), 'shoal')
  return join(given(environment['XDG_DATA_HOME']) ?? join(homedir(), '.local', 'share'), 'shoal')
}
