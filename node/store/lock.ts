import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { ShoalError } from '../../src/errors.ts'

export interface Lock {
  release (): void
}

/** A lock of a process that died is taken over; two who do so at once settle it by who creates the file. */
const ATTEMPTS = 3

/**
 * Makes this process the only one that runs on a data directory.
 *
 * @throws ShoalError DATA_DIRECTORY_LOCKED naming the process that has it
 */
export function acquireLock (path: string): Lock {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (tryCreate(path)) return { release: () => { rmSync(path, { force: true }) } }
    const holder = readHolder(path)
    if (holder !== undefined && isRunning(holder)) throw locked(path, `process ${holder} runs on it`)
    rmSync(path, { force: true })
  }
  throw locked(path, 'another process is starting on it')
}

function tryCreate (path: string): boolean {
  try {
    const file = openSync(path, 'wx', 0o600)
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readHolder (path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    // Released in this moment.
    return undefined
  }
}

function isRunning (pid: number): boolean {
  if (pid === process.pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function locked (path: string, why: string): ShoalError {
  return new ShoalError({
    code: 'DATA_DIRECTORY_LOCKED',
    what: 'the data directory is in use',
    why: `${why} (${path})`,
    tryThis: 'shoal stop ends that peer; --data-dir starts another one beside it'
  })
}
