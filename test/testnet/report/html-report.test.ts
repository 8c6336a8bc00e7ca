import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PeerEvent } from '../../../src/events.ts'
import { htmlReport } from '../../../testnet/report/html-report.ts'
import { readStories } from '../../../testnet/report/run-story.ts'
import { figures, record } from '../../node/metrics/support.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'

const { bytes } = figures().status
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  for (const name of ['a', 'b']) {
    const recording = join(folder.path, `peer-${name}`, 'runs', 'ab12', 'events')
    mkdirSync(recording, { recursive: true })
    const events: PeerEvent[] = [
      { type: 'started', peerId: name, runId: 'ab12', runName: '<evening> & more', addresses: [], invite: '', backend: 'wasm', parameters: 10, step: 0, resumed: false },
      ...[1, 2, 3].map((round): PeerEvent => ({ type: 'round', record: record({ round, step: 10 * round, spread: round === 2 ? Number.NaN : 0.1 }), bytes })),
      ...[1, 2].map((): PeerEvent => ({ type: 'warning', sentence: 'a <script> of a peer' }))
    ]
    writeFileSync(join(recording, '000000000001.ndjson'), events.map((event, index) => `${JSON.stringify({ ...event, sequence: index + 1, atMs: 1000 * index })}\n`).join(''))
  }
})
afterAll(async () => folder.remove())

describe('the report of a run', () => {
  it('is one file that needs nothing else, and shows each peer', async () => {
    const html = htmlReport(await readStories(folder.path))
    expect(html).toContain('Run &lt;evening&gt; &amp; more')
    expect(html).toContain('2 peers, 6 rounds of which 6 met somebody')
    expect(html.match(/<svg /g)?.length).toBeGreaterThanOrEqual(4)
    expect(html).not.toMatch(/<script|src=|href=|NaN/)
    expect(html.match(/a &lt;script&gt; of a peer <span class="faint">\(2 times\)/g)).toHaveLength(2)
  })

  it('is made of a data directory, a run’s folder or a recording alike', async () => {
    for (const place of ['peer-a', 'peer-a/runs/ab12', 'peer-a/runs/ab12/events']) {
      expect((await readStories(join(folder.path, place)))[0]?.rounds, place).toHaveLength(3)
    }
    expect(await readStories(join(folder.path, 'peer-a'), 'ab')).toHaveLength(1)
  })

  it('says where nothing is recorded', async () => {
    await expect(readStories(join(folder.path, 'nowhere'))).rejects.toMatchObject({ code: 'DATA_MISSING' })
    await expect(readStories(join(folder.path, 'peer-a'), 'cd')).rejects.toMatchObject({ code: 'DATA_MISSING', message: expect.stringContaining('a run cd') as string })
  })
})
