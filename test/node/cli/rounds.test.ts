import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { RoundAnswer } from '../../../node/api/schema.ts'
import { startApiServer } from '../../../node/api/server.ts'
import type { ApiServer } from '../../../node/api/server.ts'
import type { PeerView } from '../../../node/api/view.ts'
import { peerCommands } from '../../../node/cli/commands.ts'
import { runProgram } from '../../../node/cli/program.ts'

const remembered = Array.from({ length: 3 }, (_, index): RoundAnswer => ({
  round: index + 1, step: 20 * (index + 1), members: index === 0 ? ['me'] : ['me', 'other'], outcome: index === 0 ? 'solo' : 'averaged', reason: `reason ${index + 1}`,
  spread: null, loss: index === 0 ? null : 2.5, waitedMs: 0, payloadBytesSent: 1000, payloadBytesReceived: 0
}))

let folder: string
let server: ApiServer
let written: string
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-rounds-'))
  const view = { rounds: async (since: number, limit: number) => Promise.resolve(remembered.filter(({ round }) => round > since).slice(0, limit)) } as unknown as PeerView
  server = await startApiServer({ view: () => view, dataDirectory: folder, software: '0', startedAtMs: 0 })
  written = ''
  for (const stream of ['stdout', 'stderr'] as const) {
    vi.spyOn(process[stream], 'write').mockImplementation(text => {
      written += String(text)
      return true
    })
  }
})
afterEach(async () => {
  vi.restoreAllMocks()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const shoal = async (...words: string[]): Promise<number> => runProgram(peerCommands, ['rounds', '--data-dir', folder, ...words], { name: 'shoal', version: '1', description: '' })

it('shows a page of rounds with their reasons, and how to see the next', async () => {
  expect(await shoal('--limit', '2')).toBe(0)
  expect(written).toMatch(/1\s+20\s+\S+\s+\S+ \w+\s+nobody\s+reason 1/)
  expect(written).toContain('reason 2')
  expect(written).not.toContain('reason 3')
  expect(written).toContain('shoal rounds --since 2')
})

it('gives the page as JSON, and says when nothing is new', async () => {
  expect(await shoal('--since', '1', '--json')).toBe(0)
  expect(JSON.parse(written)).toEqual({ version: 1, rounds: remembered.slice(1), next: null })
  written = ''
  expect(await shoal('--since', '3')).toBe(0)
  expect(written).toBe('no round after 3 is over yet\n')
  expect(await shoal('--limit', '0')).toBe(2)
})
