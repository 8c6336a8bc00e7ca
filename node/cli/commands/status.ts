import { setTimeout as pause } from 'node:timers/promises'
import type { DaemonClient } from '../../api/client.ts'
import { FrameRenderer } from '../../terminal/frame.ts'
import { statusScreen } from '../../terminal/screens/status.ts'
import { createTheme } from '../../terminal/theme.ts'
import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'
import { numberOption } from '../numbers.ts'
import type { Output } from '../output.ts'
import { stopSignal } from '../stop-signal.ts'

interface StatusOptions {
  readonly follow: boolean
  readonly every: string
}

const MS_PER_SECOND = 1000
const LONGEST_INTERVAL_SECONDS = 86_400

export const status = action<StatusOptions>(async ({ options, output }) => {
  const client = daemonOf(options)
  if (options.follow) await follow(client, numberOption('every', options.every, { minimum: 1, maximum: LONGEST_INTERVAL_SECONDS }), options.json, output)
  else if (options.json) output.json(await client.status())
  else for (const line of statusScreen(await client.status(), createTheme(output.colours))) output.line(line)
  return undefined
})

/** Redraws in place on a terminal; elsewhere every status is a paragraph, or with --json a line. Ends with Ctrl-C, or with the peer. */
async function follow (client: DaemonClient, everySeconds: number, json: boolean, output: Output): Promise<void> {
  const stop = stopSignal()
  const theme = createTheme(output.colours)
  const frame = output.interactive && !json ? new FrameRenderer(process.stdout) : undefined
  let isFirst = true
  try {
    while (!stop.signal.aborted) {
      const answer = await client.status().catch((error: unknown) => {
        if (isFirst) throw error
        output.message('the peer has ended')
        return undefined
      })
      if (answer === undefined) return
      const lines = json ? [JSON.stringify(answer)] : statusScreen(answer, theme)
      if (frame === undefined) for (const line of !json && !isFirst ? ['', ...lines] : lines) output.line(line)
      else frame.draw(lines)
      isFirst = false
      await pause(everySeconds * MS_PER_SECOND, undefined, { signal: stop.signal }).catch(() => undefined)
    }
  } finally {
    frame?.close()
    stop.release()
  }
}
