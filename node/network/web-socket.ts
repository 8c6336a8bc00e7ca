import { createRequire } from 'node:module'

/** Node 20 has no WebSocket of its own, which dialling `/ws` addresses takes; Node 22 has one. */
export function provideWebSocket (): void {
  if (typeof (globalThis as { WebSocket?: unknown }).WebSocket !== 'undefined') return
  const { WebSocket } = createRequire(import.meta.url)('ws') as { readonly WebSocket: unknown }
  Object.defineProperty(globalThis, 'WebSocket', { configurable: true, writable: true, value: WebSocket })
}
