import { createTheme } from '../../terminal/theme.ts'
import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'
import { eventLine } from '../../terminal/event-lines.ts'
import { numberOption } from '../numbers.ts'
import { stopSignal } from '../stop-signal.ts'

interface EventsOptions {
  readonly after?: string
}

export const events = action<EventsOptions>(async ({ options, output }) => {
  const after = options.after === undefined ? undefined : numberOption('after', options.after, { minimum: 0 })
  const client = daemonOf(options)
  const theme = createTheme(output.colours)
  const stop = stopSignal()
  try {
    for await (const event of client.events(after, stop.signal)) {
      const line = options.json ? JSON.stringify(event) : eventLine(event, theme)
      if (line !== undefined) output.line(line)
    }
    if (!stop.signal.aborted) output.message('the peer has ended')
    return undefined
  } finally {
    stop.release()
  }
})
