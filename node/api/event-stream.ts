import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { PeerView } from './view.ts'

/** Read at once; whoever reads slower than the peer tells keeps nobody waiting and costs no memory: it has a place in the log, not a queue. */
const EVENTS_A_PAGE = 200
/** Proxies and sleeping laptops close what is silent for longer. */
const HEARTBEAT_MS = 15_000

/**
 * Server-sent events from where a subscriber left off (`Last-Event-ID`, or `?after=`), from the peer's memory or its recording; without either,
 * those that it remembers. Then everything that happens.
 */
export function streamEvents (context: Context, view: () => PeerView): Response {
  let place = placeOf(context.req.header('last-event-id') ?? context.req.query('after'))
  return streamSSE(context, async stream => {
    const bell = new Bell()
    const unsubscribe = view().subscribe(() => { bell.ring() })
    stream.onAbort(() => { bell.ring() })
    try {
      while (!stream.aborted && !stream.closed) {
        const page = await view().events(place, EVENTS_A_PAGE)
        for (const event of page) await stream.writeSSE({ id: String(event.sequence), event: event.type, data: JSON.stringify(event) })
        place = page.at(-1)?.sequence ?? place
        if (page.length === 0 && await bell.wait(HEARTBEAT_MS) === 'silence') await stream.write(': still here\n\n')
      }
    } finally {
      unsubscribe()
    }
  })
}

function placeOf (text: string | undefined): number | undefined {
  const place = Number(text ?? Number.NaN)
  return Number.isSafeInteger(place) && place >= 0 ? place : undefined
}

/** Remembers that it rang while nobody waited. */
class Bell {
  #rang = false
  #wake: () => void = () => undefined

  ring (): void {
    this.#rang = true
    this.#wake()
  }

  async wait (limitMs: number): Promise<'rang' | 'silence'> {
    if (!this.#rang) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, limitMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    const heard = this.#rang ? 'rang' : 'silence'
    this.#rang = false
    return heard
  }
}
