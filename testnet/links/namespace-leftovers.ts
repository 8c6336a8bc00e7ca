import { ip } from './ip-command.ts'

/** Exactly what is given here: others may call theirs shoal-something. */
const OURS = /^shoal-(\d+)-\d+-(?:hub|try|\d+)$/
/** Whoever still comes in was on its way before: a few rounds are plenty. */
const MOST_ROUNDS = 20
let made = 0
let isSwept = false

/** What the namespaces of one testnet begin with: whose process made them, and the how-manieth of it. */
export function namespacePrefix (): string {
  return `shoal-${process.pid}-${made++}`
}

/**
 * Takes away namespaces whose maker is gone, with whatever still runs in them: a launcher that was ended by force could not. Their devices go
 * with them. The first time, those of an earlier process of this one's number too.
 */
export async function removeLeftovers (): Promise<void> {
  const names = (await ip('netns', 'list')).split('\n').map(line => line.split(' ')[0] ?? '')
  const stale = names.filter(name => {
    const maker = Number(OURS.exec(name)?.[1])
    return maker === process.pid ? !isSwept : maker > 0 && !isAlive(maker)
  })
  isSwept = true
  // Another testnet that starts now may be quicker.
  for (const name of stale) await removeNamespace(name).catch(() => undefined)
}

/** A namespace lives on, without a name, while a process does in it: who came in while others were ended is ended too. */
export async function removeNamespace (name: string): Promise<void> {
  let inside = await inhabitants(name)
  for (let round = 0; inside.length > 0 && round < MOST_ROUNDS; round++) {
    for (const pid of inside) end(pid)
    inside = await inhabitants(name)
  }
  await ip('netns', 'del', name)
}

async function inhabitants (name: string): Promise<readonly number[]> {
  return (await ip('netns', 'pids', name)).split('\n').map(Number).filter(pid => pid > 0)
}

function end (pid: number): void {
  try { process.kill(pid, 'SIGKILL') } catch { /* it has ended by itself */ }
}

function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
