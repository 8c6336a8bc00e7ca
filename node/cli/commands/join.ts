import { action } from '../command.ts'
import { PeerHost } from '../peer-host.ts'
import type { PeerCommandOptions } from '../peer-options.ts'

export const join = action<PeerCommandOptions>(async ({ arguments: [word = ''], options, output }) => PeerHost.with(options, output, async host => {
  await host.run(await host.find(word))
}))
