import { ShoalError } from '../../src/errors.ts'
import type { CommonOptions } from '../../node/cli/command.ts'
import { resolveDataDirectory } from '../../node/store/data-directory.ts'
import { findTestnets } from '../launcher/control-client.ts'
import type { FoundTestnet } from '../launcher/control-client.ts'

/** Which testnet a question is for. */
export interface ChoiceOptions {
  readonly testnet?: string
  readonly dir?: string
}

export function testnetsOf ({ dir, dataDir }: Pick<ChoiceOptions, 'dir'> & CommonOptions): readonly FoundTestnet[] {
  return findTestnets(dir ?? resolveDataDirectory(dataDir).testnets)
}

/** The one that is meant: by name, or the only one. @throws ShoalError DAEMON_UNREACHABLE, USAGE */
export function chosenTestnet (options: ChoiceOptions & CommonOptions): FoundTestnet {
  const found = testnetsOf(options)
  const meant = options.testnet === undefined ? found : found.filter(({ record }) => record.name === options.testnet)
  const [only, another] = meant
  if (only !== undefined && another === undefined) return only
  const names = found.map(({ record }) => record.name).join(', ')
  if (only === undefined) {
    throw new ShoalError({
      code: 'DAEMON_UNREACHABLE', what: options.testnet === undefined ? 'no testnet runs here' : `no testnet ${options.testnet} runs here`,
      why: found.length === 0 ? 'none has left its record' : `those that do are ${names}`, tryThis: 'shoal testnet up starts one; --dir says where its folder is'
    })
  }
  throw new ShoalError({ code: 'USAGE', what: 'several testnets run here', why: `they are ${names}`, tryThis: `--testnet ${only.record.name}` })
}
