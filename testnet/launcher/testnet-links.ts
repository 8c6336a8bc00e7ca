import { pathToFileURL, fileURLToPath } from 'node:url'
import type { LinkBook } from '../links/link-book.ts'
import { GATEWAY_VARIABLE } from '../links/gateway-variable.ts'
import { ProxiedLinks } from '../links/proxied-links.ts'
import type { LinkProfile } from '../scenarios/links.ts'

/** Node cannot run TypeScript, so tests that run from source load the built module. */
const PRELOADED = pathToFileURL(fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/testnet/links/behind-gateway.js' : '../links/behind-gateway.js', import.meta.url))).href

/** How a peer's process comes to dial through its line. */
export interface LinkedProcess {
  readonly environment: Readonly<Record<string, string>>
  readonly launcher: readonly string[]
}

/** The lines between the peers of a testnet. */
export interface TestnetLinks {
  readonly book: LinkBook
  /** Gives a peer its line. */
  open (name: string, link: LinkProfile): Promise<LinkedProcess>
  /** Tells where it listens. */
  place (name: string, addresses: readonly string[]): void
  /** Breaks every connection of a peer. */
  reset (name: string): void
  close (): Promise<void>
}

export const LINK_KINDS = ['proxy', 'none'] as const

export type LinkKind = typeof LINK_KINDS[number]

/** Lines of a kind; none where peers reach each other as the machine does. */
export function linksOf (kind: LinkKind, seed: number): TestnetLinks | undefined {
  return kind === 'none' ? undefined : gatewayLinks(seed)
}

/** Lines through gateways on 127.0.0.1. */
function gatewayLinks (seed: number): TestnetLinks {
  const links = new ProxiedLinks(seed)
  return {
    book: links.book,
    open: async (name, link) => ({
      environment: { [GATEWAY_VARIABLE]: String(await links.open(name, link)), NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import ${PRELOADED}`.trim() },
      launcher: []
    }),
    place: (name, addresses) => {
      for (const address of addresses) {
        const port = /\/tcp\/(\d+)/.exec(address)?.[1]
        if (port !== undefined) links.place(name, Number(port))
      }
    },
    reset: name => { links.reset(name) },
    close: async () => links.close()
  }
}
