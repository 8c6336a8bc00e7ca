import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import { NETWORK_KEY_BYTES } from '../network/private-network.ts'
import { replaceFileAtomically } from '../store/atomic-file.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import { runFolder } from './run-source.ts'

/** A key for a run that is being made; kept beside its manifest. */
export function createNetworkKey (runId: string, directory: DataDirectory): void {
  keepNetworkKey(runId, new Uint8Array(randomBytes(NETWORK_KEY_BYTES)), directory)
}

/** Keeps the key that came with an invite. */
export function keepNetworkKey (runId: string, key: Uint8Array, directory: DataDirectory): void {
  mkdirSync(runFolder(runId, directory), { recursive: true, mode: 0o700 })
  replaceFileAtomically(keyFile(runId, directory), new TextEncoder().encode(`${bytesToHex(key)}\n`))
}

/**
 * The key of a private run: of the file that was named, or what was kept; undefined for a run that is not private.
 *
 * @param file of `--network-key`; empty for what was kept
 * @throws ShoalError CONFIG_INVALID where the run needs a key and there is none that can be used
 */
export function networkKeyOf ({ runId, manifest }: SignedManifest, directory: DataDirectory, file: string): Uint8Array | undefined {
  if (manifest.network !== 'private') return undefined
  const path = file === '' ? keyFile(runId, directory) : file
  if (file === '' && !existsSync(path)) throw unusable('the key of its network is not known here', 'shoal join with an invite, which holds the key, or --network-key with a copy of network.key')
  try {
    return readNetworkKey(path)
  } catch (cause) {
    throw unusable(`${path}: ${reasonOf(cause)}`, '--network-key with a copy of the file network.key of another member', cause)
  }
}

/** @throws Error when the file cannot be read or holds no key */
function readNetworkKey (path: string): Uint8Array {
  const text = readFileSync(path, 'utf8').trim()
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`it has to hold ${2 * NETWORK_KEY_BYTES} hexadecimal digits`)
  return hexToBytes(text)
}

function keyFile (runId: string, directory: DataDirectory): string {
  return join(runFolder(runId, directory), 'network.key')
}

function unusable (why: string, tryThis: string, cause?: unknown): ShoalError {
  return new ShoalError({ code: 'CONFIG_INVALID', what: 'the run is private, and this peer has no way in', why, tryThis, cause })
}
