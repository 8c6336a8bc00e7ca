import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Only the peer's own user reads what it keeps. */
const PRIVATE = 0o600

/**
 * Writes a file so that it is there whole or not at all, whenever the power fails: to a name beside it, flushed, then
 * renamed. Chunks are written one after the other; the event loop runs between them.
 */
export async function writeFileAtomically (path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const temporary = temporaryName(path)
  try {
    const file = await open(temporary, 'w', PRIVATE)
    try {
      for (const chunk of chunks) await file.writeFile(chunk)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  flushDirectory(dirname(path))
}

/**
 * Creates a small file that must never be replaced or be there in part.
 *
 * @throws the file system's error, EEXIST when the file is there
 */
export function createFileAtomically (path: string, content: Uint8Array): void {
  const temporary = temporaryName(path)
  try {
    writeFlushed(temporary, content)
    linkSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  flushDirectory(dirname(path))
}

/** Replaces a small file: it holds the old content or the new, whenever the power fails. @throws the file system's error */
export function replaceFileAtomically (path: string, content: Uint8Array): void {
  const temporary = temporaryName(path)
  try {
    writeFlushed(temporary, content)
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  flushDirectory(dirname(path))
}

function writeFlushed (path: string, content: Uint8Array): void {
  const file = openSync(path, 'w', PRIVATE)
  try {
    for (let written = 0; written < content.length;) written += writeSync(file, content, written)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function temporaryName (path: string): string {
  return `${path}.${process.pid}.tmp`
}

/** The new name is durable once its directory is. Windows has no such call and needs none. */
function flushDirectory (directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try { fsyncSync(handle) } finally { closeSync(handle) }
}
