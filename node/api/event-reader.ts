import type { IncomingMessage } from 'node:http'
import type { StampedEvent } from '../../src/events.ts'
import { parseRecorded } from '../recording/recorded-event.ts'

const DATA = 'data: '
/** Far above any event; a peer that sends a longer line is not one of ours. */
const LONGEST_LINE_CHARACTERS = 1024 * 1024

/** Events of a server-sent stream, in order, until it ends or `signal` aborts. Each is one line of data, as the daemon writes it. */
export async function * readEvents (stream: IncomingMessage, signal: AbortSignal): AsyncGenerator<StampedEvent> {
  let rest = ''
  const stop = (): void => { stream.destroy() }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > LONGEST_LINE_CHARACTERS) return
      for (const line of lines) {
        const event = line.startsWith(DATA) ? parseRecorded(line.slice(DATA.length)) : undefined
        if (event !== undefined) yield event
      }
    }
  } catch {
    // A peer that was ended by force breaks its connections: for a reader the same as an end.
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
}
