import type { ReferencedCodec, ReferencedReceiver, ReferencedSender } from '../../../src/compression/referenced-codec.ts'

export interface Exchange {
  readonly sender: ReferencedSender
  readonly receiver: ReferencedReceiver
  readonly decoded: Float32Array
  /** All of them, in their order. */
  readonly messages: readonly Uint8Array[]
  /** Of all messages. */
  readonly bits: number
  readonly rounds: number
  /** Blocks asked for again, each time counted. */
  readonly widenedBlocks: number
}

/** An exchange to its end; fails where a value shows before it. */
export function exchange (codec: ReferencedCodec, own: Float32Array, reference: Float32Array, spreads: Float32Array, seed = 4): Exchange {
  const sender = codec.send(own, spreads, seed)
  const message = sender.message()
  const receiver = codec.decodeAgainst(reference, message)
  const messages = [message]
  let [rounds, widenedBlocks] = [0, 0]
  for (let request = receiver.request(); request !== undefined; request = receiver.request()) {
    if (receiver.decoded !== undefined) throw new Error('it shows values and asks for more')
    const widening = sender.widening(request)
    messages.push(request, widening)
    rounds++
    // Two or four bits a value.
    widenedBlocks += Math.floor(8 * (widening.length - 48) / (2 * codec.block))
    receiver.widen(widening)
  }
  if (receiver.decoded === undefined) throw new Error('it neither shows values nor asks for more')
  return { sender, receiver, decoded: receiver.decoded, messages, bits: messages.reduce((bits, { length }) => bits + 8 * length, 0), rounds, widenedBlocks }
}
