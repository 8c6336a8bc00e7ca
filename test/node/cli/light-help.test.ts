import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testnetCommands } from '../../../testnet/cli/commands.ts'
import { peerCommands } from '../../../node/cli/commands.ts'

const PROGRAM = fileURLToPath(new URL('../../../dist/testnet/shoal.js', import.meta.url))
const TRACER = new URL('../../support/trace-modules.mjs', import.meta.url).href
/** One parses words, the other colours them. */
const LIGHT_PACKAGES = ['commander', 'picocolors']

let folder: string
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'shoal-help-')) })
afterAll(() => { rmSync(folder, { recursive: true, force: true }) })

function packagesOf (words: readonly string[]): string[] {
  const trace = join(folder, `${words.join('-')}.txt`)
  const { status } = spawnSync(process.execPath, ['--import', TRACER, PROGRAM, ...words], { env: { ...process.env, TRACE: trace }, stdio: 'ignore' })
  expect(status).toBe(0)
  const packages = readFileSync(trace, 'utf8').split('\n').flatMap(url => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  return [...new Set(packages)]
}

describe('help', () => {
  it.each([[['--help']], [['join', '--help']], [['status', '--help']], [['testnet', '--help']]])('loads nothing that it does not need: %j', words => {
    expect(packagesOf(words).filter(name => !LIGHT_PACKAGES.includes(name))).toEqual([])
  })

  it('has for every command a line that works as it stands, and every command its own code', () => {
    for (const { name, example, summary } of [...peerCommands, ...testnetCommands]) {
      expect(example, name).toMatch(new RegExp(`^shoal ${name}\\b`))
      expect(summary, name).not.toMatch(/\.$/)
    }
  })
})
