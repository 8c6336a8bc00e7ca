import { mkdtempSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach } from 'vitest'

const open: string[] = []
afterEach(() => { for (const folder of open.splice(0)) rmSync(folder, { recursive: true, force: true }) })

/** A folder that is gone after the test, with files of the given content. */
export function folderWith (files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-data-'))
  open.push(folder)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** Bytes that follow from their length alone. */
export function someBytes (length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (Math.imul(index + seed, 2_654_435_761) >>> 13) & 0xff)
}
