import type { LinkProfile } from '../scenarios/links.ts'
import { ip, lastLine, within } from './ip-command.ts'
import type { NamespaceAbilities } from './namespace-abilities.ts'
import { namespacePrefix, removeNamespace } from './namespace-leftovers.ts'

/** What a bucket of the kernel may send at once: a few packets, or slow lines could not send one. */
const BURST_BYTES = 4_000
/** What may wait for a line before the kernel drops it. */
const QUEUE_MS = 2_000
/** Rates of a machine that limits nothing, for the kernel wants a number. */
const UNLIMITED_BYTES_PER_SECOND = 1.25e9

/** One subnet 10.213.x.0/24 a testnet; this machine itself has the last address of it. */
const MOST_SUBNETS = 255
const HOST_NUMBER = 254
/** One namespace an address; the machine has one more. */
const MOST_NAMESPACES = HOST_NUMBER - 1

/** One peer's end: a name for `ip netns exec`, and the address that the others reach it by. */
export interface Namespace {
  readonly name: string
  readonly address: string
}

interface Place extends Namespace {
  /** Its end in its own namespace, and the other one at the switch. */
  readonly inside: string
  readonly outside: string
}

/**
 * Peers' lines in the kernel: each peer in a namespace of its own with a veth to one switch, limited by tbf and delayed by netem on both ends. This machine is at the
 * switch too. Root's privilege. `close` takes everything away; whoever is ended by force leaves it to the next `removeLeftovers`.
 */
export class Namespaces {
  readonly #prefix = namespacePrefix()
  readonly #places: Place[] = []
  readonly #hasDelays: boolean
  #subnet: number | undefined
  /** Commands follow each other, for a device must be there before it is limited. */
  #last: Promise<unknown> = Promise.resolve()

  constructor ({ hasDelays }: NamespaceAbilities) {
    this.#hasDelays = hasDelays
  }

  /** Where this machine itself is reached from within; undefined before the first namespace. */
  get hostAddress (): string | undefined {
    return this.#subnet === undefined ? undefined : addressOf(this.#subnet, HOST_NUMBER)
  }

  /** @throws the system's error, or a RangeError for a line whose delays this kernel cannot make */
  async open (link: LinkProfile): Promise<Namespace> {
    this.#check(link)
    return this.#next(async () => {
      this.#subnet ??= await this.#makeHub()
      const number = this.#places.length + 1
      if (number > MOST_NAMESPACES) throw new RangeError(`one switch has ${MOST_NAMESPACES} places`)
      const place = { name: `${this.#prefix}-${number}`, inside: `in${number}`, outside: `out${number}`, address: addressOf(this.#subnet, number) }
      await ip('netns', 'add', place.name)
      this.#places.push(place)
      await this.#connect(place)
      await this.#limit(place, link)
      return place
    })
  }

  /** Another line, from now on. @throws as `open` */
  async shape (name: string, link: LinkProfile): Promise<void> {
    this.#check(link)
    await this.#next(async () => this.#limit(this.#placeOf(name), link))
  }

  /** Only who is at the same switch reaches each other; at none, nobody. Connections stay open and silent. */
  async move (name: string, side: number | undefined): Promise<void> {
    await this.#next(async () => {
      const { outside } = this.#placeOf(name)
      if (side === undefined) await within(this.#hub, 'ip', 'link', 'set', outside, 'nomaster')
      else await within(this.#hub, 'ip', 'link', 'set', outside, 'master', await this.#switchOf(side))
    })
  }

  /** Resolves once all that was asked for is done. */
  async settled (): Promise<void> {
    await this.#next(async () => Promise.resolve())
  }

  /** Takes away all that it can. @throws the first error among those of the others */
  async close (): Promise<void> {
    await this.#next(async () => {
      const names = [...this.#places.splice(0).map(({ name }) => name), ...this.#subnet === undefined ? [] : [this.#hub]]
      this.#subnet = undefined
      const removals: Array<Promise<void>> = []
      for (const name of names) {
        const removal = removeNamespace(name)
        removals.push(removal)
        await removal.catch(() => undefined)
      }
      await Promise.all(removals)
    })
  }

  get #hub (): string { return `${this.#prefix}-hub` }

  async #next<T> (act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act)
    this.#last = done.catch(() => undefined)
    return done
  }

  #check ({ delay, jitter, loss }: LinkProfile): void {
    if (!this.#hasDelays && delay + jitter + loss > 0) throw new RangeError('this kernel has no netem, which delays')
  }

  #placeOf (name: string): Place {
    const place = this.#places.find(one => one.name === name)
    if (place === undefined) throw new RangeError(`there is no namespace ${name}`)
    return place
  }

  /** @returns its subnet */
  async #makeHub (): Promise<number> {
    await ip('netns', 'add', this.#hub)
    try {
      return await this.#connectHub(this.#hub)
    } catch (error) {
      // The next `open` begins anew.
      await removeNamespace(this.#hub).catch(() => undefined)
      throw error
    }
  }

  /** A name that only one device can have makes a subnet this testnet's alone. @returns it */
  async #connectHub (hub: string): Promise<number> {
    await within(hub, 'ip', 'link', 'add', switchName(0), 'type', 'bridge')
    await within(hub, 'ip', 'link', 'set', switchName(0), 'up')
    for (let subnet = 0; subnet < MOST_SUBNETS; subnet++) {
      const device = `shoal-net${subnet}`
      try {
        await within(hub, 'ip', 'link', 'add', 'host', 'type', 'veth', 'peer', 'name', device, 'netns', String(process.pid))
      } catch (error) {
        if (!lastLine(error).includes('exists')) throw error
        continue
      }
      await within(hub, 'ip', 'link', 'set', 'host', 'master', switchName(0), 'up')
      await ip('addr', 'add', `${addressOf(subnet, HOST_NUMBER)}/24`, 'dev', device)
      await ip('link', 'set', device, 'up')
      return subnet
    }
    throw new RangeError(`${MOST_SUBNETS} testnets have namespaces already`)
  }

  async #switchOf (side: number): Promise<string> {
    const name = switchName(side)
    const isThere = await within(this.#hub, 'ip', 'link', 'show', name).then(() => true, () => false)
    if (!isThere) {
      await within(this.#hub, 'ip', 'link', 'add', name, 'type', 'bridge')
      await within(this.#hub, 'ip', 'link', 'set', name, 'up')
    }
    return name
  }

  async #connect ({ name, inside, outside, address }: Place): Promise<void> {
    await within(this.#hub, 'ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', name)
    await within(this.#hub, 'ip', 'link', 'set', outside, 'master', switchName(0), 'up')
    await within(name, 'ip', 'link', 'set', 'lo', 'up')
    await within(name, 'ip', 'addr', 'add', `${address}/24`, 'dev', inside)
    await within(name, 'ip', 'link', 'set', inside, 'up')
  }

  /** A rate on the way out of each end; the delay sits on both, for each end of a line sees it. */
  async #limit ({ name, inside, outside }: Place, link: LinkProfile): Promise<void> {
    await this.#limitOne(name, inside, link.up, link)
    await this.#limitOne(this.#hub, outside, link.down, link)
  }

  async #limitOne (namespace: string, device: string, bytesPerSecond = UNLIMITED_BYTES_PER_SECOND, { delay, jitter, loss }: LinkProfile): Promise<void> {
    const burst = String(Math.max(BURST_BYTES, Math.ceil(bytesPerSecond / 1000)))
    await within(namespace, 'tc', 'qdisc', 'replace', 'dev', device, 'root', 'handle', '1:', 'tbf', 'rate', `${Math.round(8 * bytesPerSecond)}bit`, 'burst', burst, 'latency', `${QUEUE_MS}ms`)
    if (this.#hasDelays) await within(namespace, 'tc', 'qdisc', 'replace', 'dev', device, 'parent', '1:', 'handle', '2:', 'netem', 'delay', `${delay}ms`, `${jitter}ms`, 'loss', `${100 * loss}%`)
  }
}

function switchName (side: number): string {
  return `switch${side}`
}

function addressOf (subnet: number, number: number): string {
  return `10.213.${subnet}.${number}`
}
