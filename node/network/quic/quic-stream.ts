import { AbstractStream, type AbstractStreamInit, type SendResult } from '@libp2p/utils'
import { Uint8ArrayList } from 'uint8arraylist'
import { QUIC_READ_BYTES } from '../constants.ts'
import type { NativeStream } from './binding.ts'

/** A stream that is read only while somebody takes what comes: what nobody takes stays in quinn's window, and holds the sender back. */
export class QuicStream extends AbstractStream {
  readonly #native: NativeStream
  #reading = false

  constructor (native: NativeStream, init: Omit<AbstractStreamInit, 'id'>) {
    super({ ...init, id: `${native.id()}-${init.direction ?? ''}` })
    this.#native = native
    this.#read()
  }

  /** One write at a time, whole; a copy, for whoever gives up on waiting may change the bytes. */
  sendData (data: Uint8ArrayList): SendResult {
    this.#native.write(data.slice()).then(() => { this.safeDispatchEvent('drain') }, () => { this.#lost() })
    return { sentBytes: data.byteLength, canSendMore: false }
  }

  sendReset (): void {
    // neither can be said any more where the connection is gone
    this.#native.resetWrite().catch(() => undefined)
    this.#native.stopRead().catch(() => undefined)
  }

  async sendCloseWrite (): Promise<void> { await this.#native.finishWrite() }

  async sendCloseRead (): Promise<void> {
    // its end must be heard of: what comes before is read and dropped
    return Promise.resolve()
  }

  sendPause (): void {
    // nothing more is read
  }

  sendResume (): void { this.#read() }

  protected override dispatchReadBuffer (): void {
    super.dispatchReadBuffer()
    this.#read()
  }

  #read (): void {
    if (this.#reading || !this.#takes) return
    this.#reading = true
    this.#readOn().catch(() => { this.#lost() })
  }

  get #takes (): boolean { return this.readStatus !== 'paused' && this.readBuffer.byteLength < QUIC_READ_BYTES && this.remoteWriteStatus !== 'closed' }

  async #readOn (): Promise<void> {
    try {
      while (this.#takes) {
        const piece = await this.#native.read(QUIC_READ_BYTES)
        if (piece === null) this.onRemoteCloseWrite()
        else this.onData(new Uint8ArrayList(piece))
      }
    } finally {
      this.#reading = false
    }
  }

  /** Reset by the other side, or gone with its connection. */
  #lost (): void {
    if (this.status === 'open' || this.status === 'closing') {
      this.sendReset()
      this.onRemoteReset()
    }
  }
}
