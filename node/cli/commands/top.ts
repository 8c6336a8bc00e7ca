import { ShoalError } from '../../../src/errors.ts'
import { action } from '../command.ts'
import { daemonOf } from '../daemon-of.ts'
import { stopSignal } from '../stop-signal.ts'
import { LiveSource } from '../watch/live-source.ts'
import { runWatchLoop } from '../watch/watch-loop.ts'

export const top = action(async ({ options, output }) => {
  const client = daemonOf(options)
  if (options.json || !output.interactive) {
    throw new ShoalError({
      code: 'USAGE', what: 'top needs a terminal', why: options.json ? 'its screens are no JSON' : 'standard output is none',
      tryThis: 'shoal status --follow --json for scripts, shoal status --follow for a file'
    })
  }
  const stop = stopSignal()
  try {
    const source = await LiveSource.open(client, stop.signal)
    const outcome = await runWatchLoop({ snapshot: () => source.snapshot(), output, signal: stop.signal, ended: source.ended.catch(() => undefined) })
    if (outcome === 'ended') output.message('the peer has ended')
    return undefined
  } finally {
    stop.abort()
    stop.release()
  }
})
