import type { StampedEvent } from '../../src/events.ts'
import type { EventLog } from '../peer/event-log.ts'
import { recordedEvents } from './event-files.ts'

/** A page of a peer's events: from memory where they are still there, else from what it recorded. */
export async function pageOfEvents (log: EventLog, folder: string, after: number | undefined, limit: number): Promise<readonly StampedEvent[]> {
  if (after === undefined || after + 1 >= log.oldest) return log.since(after ?? 0).slice(0, limit)
  const page: StampedEvent[] = []
  for await (const event of recordedEvents(folder, after)) {
    page.push(event)
    if (page.length === limit) break
  }
  // What is not recorded yet, or no longer, may be remembered.
  return page.length > 0 ? page : log.since(after).slice(0, limit)
}
