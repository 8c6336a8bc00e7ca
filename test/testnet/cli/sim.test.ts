import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { testnetCommands } from '../../../testnet/cli/commands.ts'
import { capturedShoal } from '../../support/captured-shoal.ts'

const { at, run, written } = capturedShoal('sim', testnetCommands)
const scenario = (expectation: string): string => {
  const file = at('mine.toml')
  writeFileSync(file, `name = "mine"\nsummary = "two & a <liar>"\n[run]\nsteps = 60\nevery = 20\nsplit = "iid"\n[[peers]]\ncount = 2\n[[peers]]\nname = "other"\nattack = "ascend"\n[expect]\n${expectation}\n`)
  return file
}

it('writes what it told as one page that needs nothing else, with the plots of each seed’s peers and how to see again what broke', async () => {
  const [file, page] = [scenario('averagedShareAbove = 1'), at('page.html')]
  writeFileSync(page, 'an earlier one')
  expect(await run('testnet', 'sim', file, '--seeds', '3..4', '--output', page)).toBe(6)
  const html = readFileSync(page, 'utf8')
  expect(html).toContain('<h1>Scenario mine</h1>')
  expect(html).toContain('two &amp; a &lt;liar&gt;')
  expect(html).toContain('0 of 2 seeds as expected')
  expect(html).toContain('averagedShareAbove: 1')
  expect(html).toContain(`<code>shoal testnet sim ${file} --seeds 4 --events</code>`)
  expect(html.match(/<summary>Seed [34]: broke averagedShareAbove/g)).toHaveLength(2)
  for (const chart of ['Training loss', 'Consensus distance', 'Bytes sent', 'Rounds averaged']) expect(html.split(`>${chart}<`), chart).toHaveLength(3)
  for (const peer of ['peer-1', 'peer-2', 'other (lies)']) expect(html).toContain(`<td>${peer}</td>`)
  expect(html).not.toMatch(/<script|src=|href=|NaN/)
  expect(written.stdout).toContain('broke averagedShareAbove')
  expect(written.stderr).toContain('page.html: 2 seeds; open it in a browser')
})

it('says in three lines, before it plays anything, where no page can be written', async () => {
  const page = at('nowhere/page.html')
  expect(await run('testnet', 'sim', scenario('allEnd = true'), '--output', page)).toBe(2)
  expect(written.stderr.trim().split('\n')).toEqual([`error: ${page} cannot be written`, expect.stringContaining('why: ENOENT'), expect.stringContaining('try: --output with a folder that exists')])
  expect(written.stdout).toBe('')
  expect(existsSync(page)).toBe(false)
})
