import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shoal, temporaryFolder } from '../support/shoal-process.ts'

/** One is killed and comes back to what it left; then nobody reaches anybody for a while; and nobody can learn that much. */
const SCENARIO = `
name = "rough"
summary = "one is killed and comes back, then a partition"
[run]
every = 5
steps = 60
grace = "2s"
[[peers]]
name = "home"
link = "fibre"
[[peers]]
name = "away"
link = "cable"
[[faults]]
kind = "kill"
round = 2
peers = ["away"]
for = "200ms"
[[faults]]
kind = "partition"
round = 5
sides = [["home"], ["away"]]
for = "500ms"
[expect]
lossBelow = { real = 0.1 }
`

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

describe('a scenario with real peers', () => {
  it('lets its faults happen, and exits 6 with the sentence when an expectation is not met', async () => {
    const file = join(folder.path, 'rough.toml')
    await writeFile(file, SCENARIO)
    const { code, stdout, stderr } = await shoal(['testnet', 'run', file, '--dir', join(folder.path, 'testnet'), '--data-dir', join(folder.path, 'home')])
    expect(stdout).toContain('now: kill B for 0.2 s')
    expect(stdout).toContain('now: partition A | B')
    expect(stdout).toMatch(/^A +60 /m)
    expect(stdout).toMatch(/^B +60 /m)
    expect(stderr).toMatch(/rough did not become what its scenario expects: the merged model's held-out loss is \d\.\d+, not below 0\.1\n/)
    expect(code).toBe(6)
  })
})
