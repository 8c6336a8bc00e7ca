import { expect, it } from 'vitest'
import { defaultSettings } from '../../../node/config/settings.ts'
import { EventLog } from '../../../node/peer/event-log.ts'
import { openRunFiles } from '../../../node/peer/run-data.ts'
import type { StampedEvent } from '../../../src/events.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'
import { directoryIn, runMadeIn } from './support.ts'

it('a peer that is given data in a run where nobody brings any is told that it is not trained on', async () => {
  const folder = await temporaryFolder()
  const [events, told] = [new EventLog(() => 0), [] as StampedEvent[]]
  events.subscribe(event => told.push(event))
  try {
    const directory = directoryIn(folder.path, 'peer')
    const source = { run: await runMadeIn(directory), bootstrap: [] }
    const { signal } = new AbortController()
    await openRunFiles({ directory, source, settings: defaultSettings, events }, signal)
    expect(told).toEqual([])
    await openRunFiles({ directory, source, settings: { ...defaultSettings, data: ['./diary.txt'] }, events }, signal)
    expect(told).toMatchObject([{ type: 'warning', sentence: expect.stringContaining('./diary.txt is not trained on') as string }])
  } finally {
    await folder.remove()
  }
})
