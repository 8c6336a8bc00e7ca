import { generateKeyPairSync, sign, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { decodeProgress, encodeProgress } from '../../protocols/progress/messages.ts'
import type { Progress } from '../../src/ports.ts'
import type { AnnouncementSigner } from './announcer.ts'

/** Key, topic, sequence number and framing of the pub-sub layer. */
const ENVELOPE_BYTES = 112

/** Ed25519 over the bytes that real peers announce. All machines are one here: what one has verified, the others need not. */
export function realSigner (): AnnouncementSigner {
  const keys = new Map<string, { readonly secret: KeyObject, readonly open: KeyObject }>()
  const keysOf = (id: string): { readonly secret: KeyObject, readonly open: KeyObject } => {
    const known = keys.get(id)
    if (known !== undefined) return known
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const made = { secret: privateKey, open: publicKey }
    keys.set(id, made)
    return made
  }
  return {
    sign (from: string, progress: Progress) {
      const { secret, open } = keysOf(from)
      const bytes = encodeProgress(progress)
      const signature = sign(null, bytes, secret)
      let told: Progress | undefined
      let isRead = false
      return {
        length: bytes.length + signature.length + ENVELOPE_BYTES,
        read () {
          if (!isRead && verify(null, bytes, open, signature)) told = decodeProgress(bytes)
          isRead = true
          return told
        }
      }
    }
  }
}
