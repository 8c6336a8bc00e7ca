import { eventLine } from '../../terminal/event-lines.ts'
import { recordedEvents } from '../../recording/event-files.ts'
import { findRecording } from '../../recording/find-recording.ts'
import { createTheme } from '../../terminal/theme.ts'
import { action } from '../command.ts'
import { stopSignal } from '../stop-signal.ts'
import { ReplaySource } from '../watch/replay-source.ts'
import { runWatchLoop } from '../watch/watch-loop.ts'

interface ReplayOptions {
  readonly peer?: string
}

/** On a terminal the screens of top, in the recording's own time; elsewhere what was told, line by line. */
export const replay = action<ReplayOptions>(async ({ arguments: [directory = ''], options, output }) => {
  const { folder, name } = findRecording(directory, options.peer)
  const stop = stopSignal()
  try {
    if (output.interactive && !options.json) {
      let failure: unknown
      const source = new ReplaySource(recordedEvents(folder), name, error => {
        failure = error
        stop.abort()
      })
      await runWatchLoop({ snapshot: (state, elapsedMs) => source.snapshot(state, elapsedMs), output, signal: stop.signal })
      if (failure !== undefined) throw failure instanceof Error ? failure : new Error('the recording cannot be read')
      return undefined
    }
    const theme = createTheme(output.colours)
    for await (const event of recordedEvents(folder)) {
      if (stop.signal.aborted) break
      const line = options.json ? JSON.stringify(event) : eventLine(event, theme)
      if (line !== undefined) output.line(line)
    }
    return undefined
  } finally {
    stop.release()
  }
})
