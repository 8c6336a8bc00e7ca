import { ip, lastLine, within } from './ip-command.ts'
import { namespacePrefix, removeLeftovers } from './namespace-leftovers.ts'

/** What this machine's kernel can do for lines between namespaces. */
export interface NamespaceAbilities {
  /** Why there can be no namespaces with rates; undefined where there can. */
  readonly refusal: string | undefined
  /** Whether the kernel can delay, jitter and lose packets. */
  readonly hasDelays: boolean
}

/** Tries it, in a namespace of its own that is gone afterwards; what testnets that ended by force have left goes with it. */
export async function namespaceAbilities (): Promise<NamespaceAbilities> {
  if (process.platform !== 'linux') return cannot('network namespaces are Linux’s')
  if (process.getuid?.() !== 0) return cannot('network namespaces need root')
  const name = `${namespacePrefix()}-try`
  try {
    await removeLeftovers()
    await ip('netns', 'add', name)
  } catch (error) {
    return cannot(isMissing(error) ? 'there is no ip command here (the package iproute2 has it)' : `this system gives no namespaces: ${lastLine(error)}`)
  }
  try {
    await within(name, 'ip', 'link', 'set', 'lo', 'up')
    const works = async (...words: readonly string[]): Promise<boolean> => within(name, 'tc', 'qdisc', 'replace', 'dev', 'lo', 'root', ...words).then(() => true, () => false)
    if (!await works('tbf', 'rate', '1mbit', 'burst', '4000', 'latency', '1s')) return cannot('this kernel has no tbf, which limits rates, or there is no tc command')
    return { refusal: undefined, hasDelays: await works('netem', 'delay', '1ms') }
  } finally {
    await ip('netns', 'del', name)
  }
}

function cannot (refusal: string): NamespaceAbilities {
  return { refusal, hasDelays: false }
}

function isMissing (error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
