import { z } from 'zod'

/** What a peer may do to the others on purpose. */
export const attackSchema = z.enum([
  /** Trains away from where the data leads. */
  'ascend',
  /** Hands out weights drawn at random, of a thousand times the usual size. */
  'noise',
  /** Hands out weights that are no numbers. */
  'nan',
  /** Sends contributions whose bytes are random. */
  'garbage',
  /** Claims a million times the tokens that it trained on. */
  'tokens',
  /** Announces to be a thousand rounds ahead. */
  'ahead',
  /** Accepts to meet and then says nothing. */
  'silent'
], { error: 'must be one of ascend, noise, nan, garbage, tokens, ahead, silent' })

export type Attack = z.infer<typeof attackSchema>
