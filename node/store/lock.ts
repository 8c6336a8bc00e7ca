import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { reasonOf, ShoalError } from '../../src/errors.ts'

/** The exclusive right to a data directory. */
export interface Lock {
  release (): void
}

const ownerSchema = z.object({
  pid: z.int().min(1),
  /** When the process began, in the kernel's own words; tells it from a later one of the same pid. Empty where unknown. */
  born: z.string()
})

type Owner = z.infer<typeof ownerSchema>

/** A stale lock may be taken over by another process at the same moment; each try meets a new owner. */
const MAXIMUM_TRIES = 3

/**
 * Makes this process the only one that runs on a data directory; the lock of a process that died is taken over.
 *
 * @throws ShoalError DATA_DIRECTORY_LOCKED naming the process that holds it, DATA_DIRECTORY_UNWRITABLE
 */
export function acquireLock (path: string): Lock {
  const mine = JSON.stringify({ pid: process.pid, born: birthOf(process.pid) } satisfies Owner)
  for (let attempt = 1; ; attempt++) {
    if (createWhole(path, mine)) return { release: () => { if (readText(path) === mine) rmSync(path, { force: true }) } }
    const found = readText(path)
    if (found === undefined) continue
    const owner = parseOwner(found)
    if ((owner !== undefined && isAlive(owner)) || attempt >= MAXIMUM_TRIES) throw locked(path, owner?.pid)
    setAside(path, found)
  }
}

/** A link appears with its content or not at all, so that nobody reads a lock half written. */
function createWhole (path: string, content: string): boolean {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, content, { mode: 0o600 })
    linkSync(temporary, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw unwritable(path, error)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Removes a stale lock, and nothing but that: a fresh one that slipped in between is put back. */
function setAside (path: string, stale: string): void {
  const aside = `${path}.stale-${process.pid}`
  try {
    renameSync(path, aside)
    if (readText(aside) !== stale) linkSync(aside, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'EEXIST') throw unwritable(path, error)
  } finally {
    rmSync(aside, { force: true })
  }
}

function isAlive ({ pid, born }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it lives, and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const bornNow = birthOf(pid)
  return born === '' || bornNow === '' || born === bornNow
}

/** Pids are reused, in containers at every start; Linux tells the start time as field 22 of /proc/<pid>/stat. */
function birthOf (pid: number): string {
  const stat = readText(`/proc/${pid}/stat`) ?? ''
  // Field 2 is the program's name in brackets and may hold anything, brackets included.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

function readText (path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not there: released in this moment, or a system that tells nothing of its processes.
    return undefined
  }
}

function parseOwner (text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text))
  } catch {
    // Nobody who could be asked wrote this.
    return undefined
  }
}

function locked (path: string, pid: number | undefined): ShoalError {
  return new ShoalError({
    code: 'DATA_DIRECTORY_LOCKED',
    what: 'the data directory is in use',
    why: `process ${pid ?? 'of another owner'} holds ${path}`,
    tryThis: 'shoal stop ends that peer; --data-dir starts another one beside it'
  })
}

function unwritable (path: string, cause: unknown): ShoalError {
  return new ShoalError({
    code: 'DATA_DIRECTORY_UNWRITABLE', what: `${path} cannot be written`, why: reasonOf(cause),
    tryThis: 'choose another directory with --data-dir, or mend its permissions', cause
  })
}
