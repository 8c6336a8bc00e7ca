import { renameSync, rmSync, statSync } from 'node:fs'

/** Old logs that stay beside the one in use: `.1` is the newest. */
export const KEPT_LOGS = 4

/** Moves every log one place on, and the oldest away; the next one begins empty. A log that cannot be moved stays, and grows. */
export function rotate (path: string): void {
  try {
    rmSync(`${path}.${KEPT_LOGS}`, { force: true })
    for (let number = KEPT_LOGS - 1; number >= 1; number--) moveIfThere(`${path}.${number}`, `${path}.${number + 1}`)
    moveIfThere(path, `${path}.1`)
  } catch {
    // Windows refuses while somebody reads it; the next turn tries again.
  }
}

export function sizeOf (path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function moveIfThere (from: string, to: string): void {
  if (statSync(from, { throwIfNoEntry: false }) !== undefined) renameSync(from, to)
}
