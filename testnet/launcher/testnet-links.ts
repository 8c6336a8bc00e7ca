import { pathToFileURL, fileURLToPath } from 'node:url'
import type { LinkBook } from '../links/link-book.ts'
import { GATEWAY_VARIABLE } from '../links/gateway-variable.ts'
import { NamespacedLinks } from '../links/namespaced-links.ts'
import type { LineNeeds } from '../links/namespaced-links.ts'
import { ProxiedLinks } from '../links/proxied-links.ts'
import type { LinkProfile } from '../scenarios/links.ts'

/** Node cannot run TypeScript, so tests that run from source load the built module. */
const PRELOADED = pathToFileURL(fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/testnet/links/behind-gateway.js' : '../links/behind-gateway.js', import.meta.url))).href

/** How a peer's process comes to dial through its line. */
export interface LinkedProcess {
  readonly environment: Readonly<Record<string, string>>
  readonly launcher: readonly string[]
  /** Where it listens, if not where all do. */
  readonly listen?: readonly string[]
}

/** The lines between the peers of a testnet. */
export interface TestnetLinks {
  readonly book: LinkBook
  /** What people should know of how these lines come about. */
  readonly about?: string
  /** Gives a peer its line. */
  open (name: string, link: LinkProfile): Promise<LinkedProcess>
  /** Tells where it listens. */
  place (name: string, addresses: readonly string[]): void
  /** Breaks every connection of a peer. */
  reset (name: string): void
  /** Resolves once the lines are as the book says. @throws what the kernel refused */
  settled (): Promise<void>
  close (): Promise<void>
}

export const LINK_KINDS = ['proxy', 'namespaces', 'none'] as const

export type LinkKind = typeof LINK_KINDS[number]

/** Lines of a kind; none where peers reach each other as the machine does. @throws ShoalError USAGE for namespaces where there can be none */
export async function linksOf (kind: LinkKind, seed: number, needs: LineNeeds): Promise<TestnetLinks | undefined> {
  switch (kind) {
    case 'none': return undefined
    case 'proxy': return gatewayLinks(seed)
    case 'namespaces': return betweenNamespaces(await NamespacedLinks.create(seed, needs))
  }
}

/** Lines through gateways on 127.0.0.1. */
export function gatewayLinks (seed: number): TestnetLinks {
  const links = new ProxiedLinks(seed)
  return {
    book: links.book,
    open: async (name, link) => ({ environment: behind(String(await links.open(name, link))), launcher: [] }),
    place: (name, addresses) => {
      for (const address of addresses) {
        const port = /\/tcp\/(\d+)/.exec(address)?.[1]
        if (port !== undefined) links.place(name, Number(port))
      }
    },
    reset: name => { links.reset(name) },
    settled: async () => Promise.resolve(),
    close: async () => links.close()
  }
}

/** Lines of the kernel's, through gateways as well where it lacks something. */
function betweenNamespaces (links: NamespacedLinks): TestnetLinks {
  return {
    book: links.book,
    about: links.about,
    open: async (name, link) => {
      const { launcher, listen, gateway } = await links.open(name, link)
      return { environment: gateway === undefined ? {} : behind(gateway), launcher, listen: [listen] }
    },
    place: () => { /* it listens where it was told to */ },
    reset: name => { links.reset(name) },
    settled: async () => links.settled(),
    close: async () => links.close()
  }
}

/** Environment of a process that dials through a gateway. */
function behind (gateway: string): Readonly<Record<string, string>> {
  return { [GATEWAY_VARIABLE]: gateway, NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${PRELOADED}`.trim() }
}
