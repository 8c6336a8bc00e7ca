import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../support/shoal-process.ts'

const TUTORIAL = readFileSync(new URL('../../docs/tutorial.md', import.meta.url), 'utf8')
const PROGRAM = fileURLToPath(new URL('../../dist/testnet/shoal.js', import.meta.url))
/** The first peer opens its API a moment after it was started; a person who types is slower. */
const UNTIL_IT_ANSWERS = 'until npx shoal invite --data-dir ./first >/dev/null 2>&1; do sleep 0.2; done'

it('the tutorial’s commands do what it says', async () => {
  const folder = await temporaryFolder()
  try {
    // `npx shoal` of the package that is being tested.
    mkdirSync(join(folder.path, 'bin'))
    writeFileSync(join(folder.path, 'bin', 'npx'), `#!/bin/sh\nshift\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`)
    chmodSync(join(folder.path, 'bin', 'npx'), 0o755)
    const blocks = [...TUTORIAL.matchAll(/```console\n(.*?)```/gs)].map(([, block]) => block)
    expect(blocks.length).toBe(5)
    const script = ['set -e', ...blocks].join('\n').replace('INVITE=', `${UNTIL_IT_ANSWERS}\nINVITE=`)
    const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: folder.path, env: { ...process.env, PATH: `${join(folder.path, 'bin')}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' }, maxBuffer: 2 ** 24 })
    expect(stdout).toMatch(/averaged with/)
    expect(stdout).toContain('We the people')
    expect(stdout).toContain('report.html')
    expect(readFileSync(join(folder.path, 'first.csv'), 'utf8').split('\n').length).toBeGreaterThan(20)
    expect(readFileSync(join(folder.path, 'report.html'), 'utf8')).toContain('Run evening')
    if (process.env['SHOAL_TUTORIAL_OUTPUT'] !== undefined) writeFileSync(process.env['SHOAL_TUTORIAL_OUTPUT'], stdout)
  } finally {
    await folder.remove()
  }
})
