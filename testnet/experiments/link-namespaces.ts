import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { reasonOf } from '../../src/errors.ts'
import { inNamespace } from '../links/ip-command.ts'
import { namespaceAbilities } from '../links/namespace-abilities.ts'
import { Namespaces } from '../links/namespaces.ts'
import type { LinkProfile } from '../scenarios/links.ts'

const PROBE = fileURLToPath(new URL('./transfer-probe.js', import.meta.url))
const PORT = '4001'

/** How long messages take between two namespaces with such lines; a sentence where this machine cannot play them. */
export async function namespaceMs (link: LinkProfile, bytes: number, repeats: number): Promise<readonly number[] | string> {
  const abilities = await namespaceAbilities()
  if (abilities.refusal !== undefined) return abilities.refusal
  const namespaces = new Namespaces(abilities)
  try {
    const [near, far] = [await namespaces.open(link), await namespaces.open(link)]
    return await timesBetween(near.name, far.name, [far.address, String(bytes), String(repeats)])
  } catch (error) {
    return reasonOf(error)
  } finally {
    await namespaces.close()
  }
}

/** Two processes whose monotonic clocks are the kernel's, so that the times of one can be taken from those of the other. */
async function timesBetween (near: string, far: string, [address = '', bytes = '', repeats = '']: readonly string[]): Promise<readonly number[]> {
  const start = (namespace: string, role: string): ReturnType<typeof spawn> => {
    const [program, ...words] = [...inNamespace(namespace), process.execPath, PROBE, role, address, PORT, bytes, repeats]
    return spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  }
  const receiver = start(far, 'receive')
  const lines = createInterface({ input: receiver.stdout as NodeJS.ReadableStream })
  await once(lines, 'line')
  const received: number[] = []
  lines.on('line', line => received.push(Number(line)))
  const sender = start(near, 'send')
  const sent: number[] = []
  createInterface({ input: sender.stdout as NodeJS.ReadableStream }).on('line', line => sent.push(Number(line)))
  await Promise.all([once(receiver, 'close'), once(sender, 'close')])
  return received.map((atMs, index) => atMs - (sent[index] ?? NaN))
}
