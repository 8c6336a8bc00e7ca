import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, vi } from 'vitest'
import type { CommandModule } from '../../node/cli/command.ts'
import { peerCommands } from '../../node/cli/commands.ts'
import { runProgram } from '../../node/cli/program.ts'

export interface CapturedShoal {
  /** A path in this test's own folder. */
  readonly at: (name: string) => string
  /** Runs a command in this process. @returns its exit code */
  readonly run: (...words: string[]) => Promise<number>
  /** What has been written since the test began. */
  readonly written: { readonly stdout: string, readonly stderr: string, forget (): void }
}

/** `shoal` in this process, with a folder of its own for each test of the file; what it writes is kept instead of shown. @param commands those of a peer's line unless given */
export function capturedShoal (name: string, commands: readonly CommandModule[] = peerCommands): CapturedShoal {
  let folder = ''
  const written = { stdout: '', stderr: '', forget: () => { written.stdout = written.stderr = '' } }
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), `shoal-${name}-`))
    written.forget()
    for (const stream of ['stdout', 'stderr'] as const) {
      vi.spyOn(process[stream], 'write').mockImplementation(text => {
        written[stream] += String(text)
        return true
      })
    }
  })
  afterEach(() => {
    vi.restoreAllMocks()
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    at: file => join(folder, file),
    run: async (...words) => runProgram(commands, words, { name: 'shoal', version: '1.2.3', description: 'trains together' }),
    written
  }
}
