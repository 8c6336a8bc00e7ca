import { z } from 'zod'
import { reasonOf, ShoalError } from '../../errors.ts'
import { createBpeTokenizer } from './bpe-tokenizer.ts'
import type { BpeModel } from './bpe-tokenizer.ts'
import { createCharacterTokenizer } from './character-tokenizer.ts'
import { GPT2_PATTERN, createSplitter } from './split-pieces.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Those of the manifest; a file past them would only serve an attacker. */
const LARGEST_VOCABULARY = 1_000_000
const LARGEST_FILE_CHARACTERS = 64 * 1024 * 1024

/**
 * GPT-2's printable stand-ins for bytes (openai/gpt-2, `src/encoder.py`): printable Latin-1 stands for itself, the
 * other 68 for U+0100 and on.
 */
const STAND_INS = Array.from({ length: 256 }, (_, byte) => byte).reduce<{ readonly characters: string[], shifted: number }>((so, byte) => {
  const isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  so.characters.push(String.fromCharCode(isPrintable ? byte : 0x100 + so.shifted++))
  return so
}, { characters: [], shifted: 0 }).characters
const BYTE_OF = new Map(STAND_INS.map((character, byte) => [character, byte]))

const id = z.int().min(0).max(LARGEST_VOCABULARY - 1)
const byteLevel = z.object({ type: z.literal('ByteLevel'), add_prefix_space: z.literal(false, 'adds a space before the text, which loses where it began'), use_regex: z.boolean().default(true) })
const splitStep = z.object({ type: z.literal('Split'), pattern: z.object({ Regex: z.string().max(4096) }), behavior: z.literal('Isolated'), invert: z.literal(false).default(false) })
const bpeSchema = z.object({
  normalizer: z.null({ error: 'changes the text before it is read, which loses what it was' }).optional(),
  pre_tokenizer: z.union([byteLevel, z.object({ type: z.literal('Sequence'), pretokenizers: z.tuple([splitStep, byteLevel]) })]),
  added_tokens: z.array(z.object({ id, content: z.string() })).default([]),
  model: z.object({
    type: z.literal('BPE'),
    vocab: z.record(z.string(), id),
    merges: z.array(z.union([z.string().transform(text => text.split(' ')), z.array(z.string())]).pipe(z.tuple([z.string(), z.string()])))
  })
})
const charactersSchema = z.strictObject({ version: z.literal(1), kind: z.literal('characters'), characters: z.array(z.string()).max(LARGEST_VOCABULARY) })

/**
 * Reads a tokenizer: our own file of characters, or Hugging Face's `tokenizer.json` of a byte-level BPE. Special tokens are
 * written when they are decoded but never read out of a text, where they are ordinary characters.
 *
 * @throws ShoalError CONFIG_INVALID
 */
export function readTokenizer (text: string): Tokenizer {
  if (text.length > LARGEST_FILE_CHARACTERS) throw invalid(`it has ${text.length} characters; the limit is ${LARGEST_FILE_CHARACTERS}`)
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw invalid(`it is no JSON: ${reasonOf(error)}`)
  }
  const characters = charactersSchema.safeParse(content)
  if (characters.success) return createCharacterTokenizer(characters.data.characters)
  const bpe = bpeSchema.safeParse(content)
  if (!bpe.success) throw invalid(`it is no list of characters and no byte-level BPE: ${issueOf(bpe.error)}`)
  const { pre_tokenizer: steps } = bpe.data
  try {
    return createBpeTokenizer(modelOf(bpe.data), createSplitter(steps.type === 'Sequence' ? steps.pretokenizers[0].pattern.Regex : GPT2_PATTERN))
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid(`its pattern is none that JavaScript understands: ${error.message}`)
    throw error
  }
}

function issueOf (error: z.ZodError): string {
  const [issue] = error.issues
  return `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'does not fit'}`
}

function modelOf ({ model, added_tokens: added }: z.infer<typeof bpeSchema>): BpeModel {
  const ids = new Map(Object.entries(model.vocab))
  const idOf = (token: string): number => {
    const found = ids.get(token)
    if (found === undefined) throw invalid(`its vocabulary lacks ${JSON.stringify(token)}`)
    return found
  }
  const specials = new Map(added.map(({ id: special, content }) => [special, content]))
  const tokens: Array<Uint8Array | undefined> = new Array<undefined>(1 + [...ids.values(), ...specials.keys()].reduce((a, b) => Math.max(a, b), -1)).fill(undefined)
  for (const [token, place] of ids) if (!specials.has(place)) tokens[place] = bytesOf(token)
  for (const [place, content] of specials) tokens[place] = new TextEncoder().encode(content)
  return {
    tokens,
    byteIds: STAND_INS.map(idOf),
    merges: model.merges.map(([left, right]) => ({ left: idOf(left), right: idOf(right), id: idOf(left + right) }))
  }
}

function bytesOf (token: string): Uint8Array {
  return Uint8Array.from(token, character => {
    const byte = BYTE_OF.get(character)
    if (byte === undefined) throw invalid(`its token ${JSON.stringify(token)} is not spelt in bytes`)
    return byte
  })
}

/** A file that `readTokenizer` reads: of a BPE with GPT-2's pieces, Hugging Face's own format. */
export function bpeFile ({ tokens, merges }: BpeModel): string {
  const spelt = tokens.map(bytes => Array.from(bytes ?? [], byte => STAND_INS[byte] ?? '').join(''))
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  return JSON.stringify({
    version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: level, post_processor: null, decoder: level,
    model: {
      type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false,
      vocab: Object.fromEntries(spelt.map((token, index) => [token, index])),
      merges: merges.map(({ left, right }) => `${spelt[left] ?? ''} ${spelt[right] ?? ''}`)
    }
  })
}

export function charactersFile (characters: readonly string[]): string {
  return JSON.stringify({ version: 1, kind: 'characters', characters })
}

function invalid (why: string): ShoalError {
  return new ShoalError({
    code: 'CONFIG_INVALID', what: 'the tokenizer cannot be read', why,
    tryThis: 'use a byte-level BPE’s tokenizer.json, or train one: shoal tokenizer train'
  })
}
