import type { PeerOptions } from '../../peer/peer-parts.ts'
import { action } from '../command.ts'
import type { Action } from '../command.ts'
import { PeerHost } from '../peer-host.ts'
import type { PeerCommandOptions } from '../peer-options.ts'

/** Joins a run and trains. @param between what stands between the peer's decisions and its ports; nothing when left out */
export function joining (between?: PeerOptions['between']): Action {
  return action<PeerCommandOptions>(async ({ arguments: [word = ''], options, output }) => PeerHost.with(options, output, async host => {
    await host.run(await host.find(word), { between })
  }))
}

export const join = joining()
