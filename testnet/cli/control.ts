import { action } from '../../node/cli/command.ts'
import type { Action, CommonOptions } from '../../node/cli/command.ts'
import type { Output } from '../../node/cli/output.ts'
import { printable } from '../../node/terminal/printable.ts'
import { table } from '../../node/terminal/table.ts'
import { formatBytes, formatCount, formatNumber } from '../../node/terminal/units.ts'
import { ShoalError } from '../../src/errors.ts'
import { askTestnet } from '../launcher/control-client.ts'
import type { ControlRequest, TestnetListing } from '../launcher/control-messages.ts'
import { duration } from '../scenarios/quantities.ts'
import { chosenTestnet } from './chosen-testnet.ts'
import type { ChoiceOptions } from './chosen-testnet.ts'
import { joinLine } from './view.ts'

interface PauseOptions extends ChoiceOptions {
  readonly for?: string
}

export const kill: Action = action<ChoiceOptions>(async ({ arguments: peers, options, output }) => ask({ kind: 'kill', peers: [...peers] }, options, output))

export const pause: Action = action<PauseOptions>(async ({ arguments: peers, options, output }) =>
  ask({ kind: 'pause', peers: [...peers], ...options.for === undefined ? {} : { forMs: durationOf(options.for) } }, options, output))

export const resume: Action = action<ChoiceOptions>(async ({ arguments: peers, options, output }) => ask({ kind: 'resume', peers: [...peers] }, options, output))

export const partition: Action = action<ChoiceOptions>(async ({ arguments: [words = ''], options, output }) => ask({ kind: 'partition', sides: sidesOf(words) }, options, output))

export const heal: Action = action<ChoiceOptions>(async ({ options, output }) => ask({ kind: 'heal' }, options, output))

async function ask (request: ControlRequest, options: ChoiceOptions & CommonOptions, output: Output): Promise<undefined> {
  const listing = await askTestnet(chosenTestnet(options), request)
  if (options.json) output.json({ version: 1, ...listing })
  else showTestnet(listing, output)
  return undefined
}

/** A testnet as it is: who is there, and how one more peer joins. */
export function showTestnet (listing: TestnetListing, output: Output): void {
  const right = 'right' as const
  output.line(`${listing.name}: process ${listing.pid}, ${listing.root}${listing.sides.length === 0 ? '' : `; partition ${listing.sides.map(side => side.join(',')).join(' | ')}`}`)
  const rows = listing.peers.map(peer => [
    peer.name, peer.alias, peer.state, peer.pid === null ? '–' : String(peer.pid), formatCount(peer.step), formatCount(peer.round), formatNumber(peer.loss ?? NaN, 3), formatBytes(peer.bytesSent), printable(peer.phase)
  ])
  const columns = [{ title: 'peer' }, { title: 'called' }, { title: 'state' }, { title: 'process', align: right }, { title: 'step', align: right }, { title: 'round', align: right },
    { title: 'loss', align: right }, { title: 'sent', align: right }, { title: 'now' }]
  for (const line of table(columns, rows)) output.line(line)
  if (listing.invite !== '') output.line(`one more peer: ${joinLine(listing.invite)}`)
}

/** `A,B|C,D` @throws ShoalError USAGE */
export function sidesOf (words: string): string[][] {
  const sides = words.split('|').map(side => side.split(',').map(name => name.trim()).filter(name => name !== ''))
  const names = sides.flat()
  if (sides.every(side => side.length > 0) && new Set(names).size === names.length) return sides
  throw new ShoalError({ code: 'USAGE', what: `${words} names no sides`, why: 'every side needs a peer, and a peer is on one side only', tryThis: 'shoal testnet partition "A,B|C,D"' })
}

function durationOf (text: string): number {
  const parsed = duration.safeParse(text)
  if (parsed.success && parsed.data > 0) return parsed.data
  throw new ShoalError({ code: 'USAGE', what: `--for ${text} cannot be used`, why: 'it is a duration such as 500ms, 30s or 2m', tryThis: '--for 30s' })
}
