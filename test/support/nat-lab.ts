import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./nat-lab.py', import.meta.url))

export interface LabHost {
  readonly name: string
  readonly address: string
  /** The address that its NAT shows to others; left out for a host of the open network. */
  readonly outside?: string
}

/** Why no lab can be set up on this machine; undefined where it can. */
export function labObstacle (): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  if (!existsSync('/dev/net/tun')) return 'there is no /dev/net/tun'
  if (spawnSync('ip', ['netns', 'list']).status !== 0) return 'ip netns does not work here'
  if (spawnSync('unshare', ['-n', 'true']).status !== 0) return 'network namespaces may not be made here'
  return spawnSync('python3', ['--version']).status === 0 ? undefined : 'there is no python3'
}

/** Sets namespaces up; the returned function takes them down. @throws Error when that fails */
export async function natLab (hosts: readonly LabHost[]): Promise<() => Promise<void>> {
  const lab = spawn('python3', [PROGRAM, JSON.stringify(hosts)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: lab.stdout })
  const ready = await Promise.race([once(lines, 'line').then(() => true), once(lab, 'exit').then(() => false)])
  if (!ready) throw new Error('the lab could not be set up')
  return async () => {
    lab.stdin.end()
    if (lab.exitCode === null) await once(lab, 'exit')
  }
}
