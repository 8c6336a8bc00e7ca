import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { acquireLock } from '../../node/store/lock.ts'
import type { Lock } from '../../node/store/lock.ts'
import { makeFolder } from '../../node/store/make-folder.ts'
import { peerName } from './peer-names.ts'

const MARKER = 'testnet.lock'

/**
 * Takes a folder for a testnet and removes what an earlier one left in it, and nothing else.
 *
 * @throws ShoalError DATA_DIRECTORY_LOCKED when a testnet runs there, USAGE when the folder holds something else or cannot be made
 */
export async function takeRoot (root: string): Promise<Lock> {
  makeRoot(root)
  const found = await readdir(root)
  const foreign = found.filter(name => !name.startsWith('testnet.') && !name.startsWith('peer-'))
  if (foreign.length > 0) {
    throw new ShoalError({
      code: 'USAGE', what: `${root} is no testnet's folder`, why: `it holds ${foreign.slice(0, 3).join(', ')}, which a testnet would not have made`,
      tryThis: '--dir with a folder that is empty or does not exist'
    })
  }
  const lock = acquireLock(join(root, MARKER))
  for (const name of found.filter(name => !name.startsWith(MARKER))) await rm(join(root, name), { recursive: true, force: true })
  return lock
}

function makeRoot (root: string): void {
  try {
    makeFolder(root)
  } catch (error) {
    throw new ShoalError({ code: 'USAGE', what: `the testnet's folder ${root} cannot be made`, why: reasonOf(error), tryThis: '--dir with a folder that exists or may be made', cause: error })
  }
}

export function peerDirectory (root: string, index: number): string {
  return join(root, `peer-${peerName(index).toLowerCase()}`)
}
