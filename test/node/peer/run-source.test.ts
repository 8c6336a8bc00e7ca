import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findRun, rememberRun } from '../../../node/peer/run-source.ts'
import { directoryIn, runMadeIn } from './support.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-run-source-')) })
afterEach(async () => rm(root, { recursive: true, force: true }))

describe('the run that a word names', () => {
  it('is the one of that name or id; of several, all are named', async () => {
    const directory = directoryIn(root, 'a')
    const runs = [await runMadeIn(directory, { name: 'g' }), await runMadeIn(directory, { name: 'g', budget: { steps: 7 } }), await runMadeIn(directory, { name: 'other' })] as const
    for (const run of runs) await rememberRun(run, directory)
    const find = async (word: string): Promise<string> => (await findRun(word, directory, new AbortController().signal)).run.runId
    expect(await find('other')).toBe(runs[2].runId)
    expect(await find(runs[0].runId)).toBe(runs[0].runId)
    const refusal: unknown = await find('g').catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'USAGE', message: 'g names several runs' })
    for (const run of runs.slice(0, 2)) expect(refusal).toMatchObject({ why: expect.stringContaining(`g (${run.runId.slice(0, 8)}`) as string })
    await expect(find('none')).rejects.toMatchObject({ code: 'USAGE', message: 'none names no run' })
  })
})
