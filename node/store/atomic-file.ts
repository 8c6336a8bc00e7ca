import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

export interface AtomicFileOptions {
  readonly mode?: number
}

/**
 * Writes a file so that it is there whole or not at all, whenever the power fails:
 * to a name beside it, flushed, then renamed.
 */
export function writeFileAtomically (path: string, content: string | Uint8Array | readonly Uint8Array[], options: AtomicFileOptions = {}): void {
  const temporary = `${path}.${process.pid}.tmp`
  try {
    const file = openSync(temporary, 'w', options.mode ?? 0o600)
    try {
      for (const part of partsOf(content)) writeWhole(file, part)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  flushDirectory(dirname(path))
}

function partsOf (content: string | Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  if (typeof content === 'string') return [Buffer.from(content)]
  return content instanceof Uint8Array ? [content] : content
}

function writeWhole (file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written)
}

/** The new name is durable once its directory is. Windows has no such call and needs none. */
function flushDirectory (directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try { fsyncSync(handle) } finally { closeSync(handle) }
}
