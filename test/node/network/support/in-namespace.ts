import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** A test gives up later. */
const LIMIT_MS = 570_000

/** Runs a script of this folder in a network namespace of its own, set up by a line of shell; what it prints is one value as JSON. */
export async function inNamespace (script: string, setUp: string): Promise<unknown> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const { stdout } = await promisify(execFile)('unshare', ['-n', 'sh', '-c', `${setUp} && exec "$0" "$1"`, process.execPath, path], { timeout: LIMIT_MS, killSignal: 'SIGKILL' })
  return JSON.parse(stdout)
}
