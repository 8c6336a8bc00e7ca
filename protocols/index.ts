/**
 * What peers say to each other over libp2p streams: encode, decode, ask, answer. No decisions are taken here, and no connection is
 * opened; a caller brings the stream. Everything that comes from a peer is checked and bounded before it is believed.
 *
 * @module shoal/protocols
 */

export { WireError } from './wire/errors.ts'
export type { WireFault } from './wire/errors.ts'
export { ByteMeter } from './wire/byte-meter.ts'
export { EXCHANGE_PROTOCOL, GOODBYE_PROTOCOL, HELLO_PROTOCOL, MANIFEST_PROTOCOL, PROTOCOL_VERSIONS, STATE_PROTOCOL } from './wire/protocol-ids.ts'
export { rejection, rejectionSentence } from './wire/rejection.ts'
export type { Rejection } from './wire/rejection.ts'

// hello: are we in the same run, and do we understand each other?
export { outcomeOf, sayHello } from './hello/client.ts'
export type { HelloOutcome } from './hello/client.ts'
export { decideHello } from './hello/decide.ts'
export { answerHello } from './hello/handler.ts'
export type { Hello } from './hello/messages.ts'

// manifest: which run is this?
export { askManifest } from './manifest/client.ts'
export { answerManifest } from './manifest/handler.ts'
export type { ManifestSource } from './manifest/handler.ts'

// exchange: one round with one partner.
export { openExchange } from './exchange/client.ts'
export { ExchangeHandler } from './exchange/handler.ts'
export type { SessionOptions } from './exchange/session.ts'

// state: a replica's weights, for a peer that joins.
export { fetchState } from './state/client.ts'
export { StateHandler } from './state/handler.ts'
export type { Snapshot } from './state/messages.ts'

// progress and goodbye.
export { decodeProgress, encodeProgress, progressTopic } from './progress/messages.ts'
export { sayGoodbye } from './goodbye/client.ts'
export { hearGoodbye } from './goodbye/handler.ts'
