import { open, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

export interface FollowOptions {
  /** Lines to begin with. */
  readonly lines: number
  /** Goes on with what is written later, until `signal` aborts; through rotation, and before the file is there. */
  readonly follow: boolean
  readonly signal: AbortSignal
}

/** Watching files differs between systems and fails on network drives; looking costs next to nothing. */
const LOOK_EVERY_MS = 200
const CHUNK_BYTES = 64 * 1024

/** The last lines of a file, and those that come. */
export async function * followLog (path: string, { lines, follow, signal }: FollowOptions): AsyncGenerator<string> {
  let { place, identity } = await placeOfLast(path, lines)
  let rest = ''
  while (!signal.aborted) {
    const found = await stat(path).catch(() => undefined)
    // Another file of that name, or one that was emptied, is read from its beginning.
    if (found !== undefined && (found.ino !== identity || found.size < place)) [place, identity, rest] = [0, found.ino, '']
    const piece = found !== undefined && found.size > place ? await readPiece(path, place) : undefined
    if (piece === undefined || piece.length === 0) {
      if (!follow) break
      await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
      continue
    }
    place += piece.length
    const whole = (rest + piece.toString('latin1')).split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) yield Buffer.from(line, 'latin1').toString('utf8')
  }
  if (rest !== '' && !follow) yield Buffer.from(rest, 'latin1').toString('utf8')
}

async function readPiece (path: string, place: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, place)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** Where the last `lines` lines of a file begin. */
async function placeOfLast (path: string, lines: number): Promise<{ readonly place: number, readonly identity: number }> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return { place: 0, identity: -1 }
  try {
    const { size, ino } = await file.stat()
    // The newline that ends the last line ends no line before it.
    let wanted = lines + 1
    for (let end = size; end > 0;) {
      const start = Math.max(0, end - CHUNK_BYTES)
      const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start)
      for (let at = buffer.length - 1; at >= 0; at--) {
        if (buffer[at] === 0x0a && --wanted === 0) return { place: start + at + 1, identity: ino }
      }
      end = start
    }
    return { place: 0, identity: ino }
  } finally {
    await file.close()
  }
}
