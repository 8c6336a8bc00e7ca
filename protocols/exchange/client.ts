import type { Stream } from '@libp2p/interface'
import type { Exchange, ExchangeEvents } from '../../src/ports.ts'
import { ExchangeSession, type SessionOptions } from './session.ts'

/** Opens an exchange; messages queue while the stream is being opened, and a failure to open arrives as `closed`. */
export function openExchange (open: (signal: AbortSignal) => Promise<Stream>, options: SessionOptions, events: ExchangeEvents): Exchange {
  const session = new ExchangeSession(options)
  void session.run(open, events)
  return session
}
