import { z } from 'zod'

const PUBLIC_KEY = /^[0-9a-f]{64}$/
/** An Ed25519 peer id: base58 of a header of six bytes and the key. */
const ED25519_PEER_ID = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** A list of friends' machines; larger swarms admit by pass. */
export const MAXIMUM_LISTED_PEERS = 256
/** Keys that may issue passes: a few people share the work. */
export const MAXIMUM_ISSUERS = 8

/** Who may take part. The creator always may. */
export const admissionSchema = z.discriminatedUnion('kind', [
  /** Whoever speaks the protocol. */
  z.strictObject({ kind: z.literal('open') }),
  /** The peers named here. */
  z.strictObject({ kind: z.literal('listed'), peers: z.array(z.string().regex(ED25519_PEER_ID, 'must be an Ed25519 peer id, 12D3KooW…')).min(1).max(MAXIMUM_LISTED_PEERS) }),
  /** Whoever has a pass of one of the issuers, which comes with the invite; the creator issues them too. */
  z.strictObject({ kind: z.literal('invited'), issuers: z.array(z.string().regex(PUBLIC_KEY, 'must be 64 hexadecimal digits')).max(MAXIMUM_ISSUERS) })
])

export type AdmissionSpec = z.infer<typeof admissionSchema>
