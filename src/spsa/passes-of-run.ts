import type { OneBytePorts, OneByteRules } from './one-byte-ports.ts'
import { OwnPasses } from './own-passes.ts'
import type { Passes } from './passes.ts'
import { SharedPasses } from './shared-passes.ts'
import type { SharedPassesPorts } from './shared-passes.ts'

/** How a peer of a run of bytes divides its forward passes. @throws RangeError where they are shared and there is no clock to wait by */
export function passesOf (rules: OneByteRules, ports: OneBytePorts, self: Pick<SharedPassesPorts, 'ledger' | 'follow' | 'hash' | 'inquire'>): Passes {
  const { sharing } = rules
  if (sharing === undefined) return new OwnPasses(rules, ports)
  const { clock, peer, others, report } = ports
  if (clock === undefined) throw new RangeError('peers that share passes wait for each other, by a clock')
  return new SharedPasses(sharing, { clock, peer, others, report, ...self })
}
