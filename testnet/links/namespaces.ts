import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { reasonOf } from '../../src/errors.ts'
import type { LinkProfile } from '../scenarios/links.ts'

const execute = promisify(execFile)

/** What a bucket of the kernel may send at once: a few packets, or slow lines could not send one. */
const BURST_BYTES = 4_000
/** What may wait for a line before the kernel drops it. */
const QUEUE_MS = 2_000
/** Rates of a machine that limits nothing, for the kernel wants a number. */
const UNLIMITED_BYTES_PER_SECOND = 1.25e9

/** What this machine's kernel can do for lines between namespaces. */
export interface NamespaceAbilities {
  /** Why there can be no namespaces with rates; undefined where there can. */
  readonly refusal: string | undefined
  /** Whether the kernel can delay, jitter and lose packets. */
  readonly hasDelays: boolean
}

/** Tries it, in a namespace of its own that is gone afterwards. */
export async function namespaceAbilities (): Promise<NamespaceAbilities> {
  if (process.platform !== 'linux') return { refusal: 'namespaces are Linux’s', hasDelays: false }
  if (process.getuid?.() !== 0) return { refusal: 'namespaces need root', hasDelays: false }
  const name = `shoal-try-${process.pid}`
  try {
    await ip('netns', 'add', name)
  } catch (error) {
    return { refusal: `this system gives no namespaces: ${reasonOf(error).split('\n').at(-1) ?? ''}`, hasDelays: false }
  }
  try {
    await within(name, 'ip', 'link', 'set', 'lo', 'up')
    const works = async (...words: readonly string[]): Promise<boolean> => within(name, 'tc', 'qdisc', 'replace', 'dev', 'lo', 'root', ...words).then(() => true, () => false)
    const hasRates = await works('tbf', 'rate', '1mbit', 'burst', '4000', 'latency', '1s')
    return { refusal: hasRates ? undefined : 'this kernel has no tbf, which limits rates', hasDelays: await works('netem', 'delay', '1ms') }
  } finally {
    await ip('netns', 'del', name)
  }
}

/** One peer's end: a name for `ip netns exec`, and the address that the others reach it by. */
export interface Namespace {
  readonly name: string
  readonly address: string
}

/**
 * Peers' lines in the kernel: each peer in a namespace of its own with a veth to one switch, limited by tbf and delayed by netem on both ends. Root's privilege.
 * `close` takes everything away.
 */
export class Namespaces {
  readonly #prefix = `shoal-${process.pid}`
  readonly #names: string[] = []
  readonly #hasDelays: boolean

  constructor ({ hasDelays }: NamespaceAbilities) {
    this.#hasDelays = hasDelays
  }

  /** @throws the system's error, or a RangeError for a line whose delays this kernel cannot make */
  async open (link: LinkProfile): Promise<Namespace> {
    if (!this.#hasDelays && link.delay + link.jitter + link.loss > 0) throw new RangeError('this kernel has no netem, which delays')
    const hub = `${this.#prefix}-hub`
    if (this.#names.length === 0) await this.#makeHub(hub)
    const number = this.#names.length
    const [name, inside, outside] = [`${this.#prefix}-${number}`, `in${number}`, `out${number}`]
    await ip('netns', 'add', name)
    this.#names.push(name)
    await within(hub, 'ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name)
    await within(hub, 'ip', 'link', 'set', outside, 'master', 'switch', 'up')
    const address = `10.213.0.${number}`
    await within(name, 'ip', 'link', 'set', 'lo', 'up')
    await within(name, 'ip', 'addr', 'add', `${address}/24`, 'dev', inside)
    await within(name, 'ip', 'link', 'set', inside, 'up')
    await this.#limit(name, inside, link.up, link)
    await this.#limit(hub, outside, link.down, link)
    return { name, address }
  }

  async close (): Promise<void> {
    for (const name of this.#names.splice(0)) await ip('netns', 'del', name)
  }

  async #makeHub (hub: string): Promise<void> {
    await ip('netns', 'add', hub)
    this.#names.push(hub)
    await within(hub, 'ip', 'link', 'add', 'switch', 'type', 'bridge')
    await within(hub, 'ip', 'link', 'set', 'switch', 'up')
  }

  /** A rate on the way out of a device; the delay sits on the way into the network alone, for both ends of a line see it. */
  async #limit (namespace: string, device: string, bytesPerSecond: number | undefined, { delay, jitter, loss }: LinkProfile): Promise<void> {
    const rate = `${Math.round(8 * (bytesPerSecond ?? UNLIMITED_BYTES_PER_SECOND))}bit`
    const burst = String(Math.max(BURST_BYTES, Math.ceil((bytesPerSecond ?? UNLIMITED_BYTES_PER_SECOND) / 1000)))
    await within(namespace, 'tc', 'qdisc', 'add', 'dev', device, 'root', 'handle', '1:', 'tbf', 'rate', rate, 'burst', burst, 'latency', `${QUEUE_MS}ms`)
    if (this.#hasDelays) await within(namespace, 'tc', 'qdisc', 'add', 'dev', device, 'parent', '1:', 'netem', 'delay', `${delay}ms`, `${jitter}ms`, 'loss', `${100 * loss}%`)
  }
}

async function ip (...words: readonly string[]): Promise<void> {
  await execute('ip', words)
}

async function within (namespace: string, ...words: readonly string[]): Promise<void> {
  await ip('netns', 'exec', namespace, ...words)
}
