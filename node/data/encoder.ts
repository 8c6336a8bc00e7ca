import { BYTE_VOCABULARY } from '../../src/data/byte-tokenizer.ts'
import { readTokenizer } from '../../src/data/tokenizers/tokenizer-file.ts'
import { ShoalError } from '../../src/errors.ts'
import type { TokenizerSpec } from '../../src/manifest/schema.ts'
import type { Encoder } from './prepare-text.ts'

/**
 * What turns a run's text into ids.
 *
 * @param content of the tokenizer file that the manifest names
 * @throws ShoalError CONFIG_INVALID when it cannot be read, MANIFEST_INVALID when it is not what the manifest says
 */
export function openEncoder (spec: TokenizerSpec, content: string | undefined): Encoder {
  if (spec.kind === 'bytes' || content === undefined) return { name: 'bytes', vocabulary: BYTE_VOCABULARY, encode: bytes => bytes }
  const tokenizer = readTokenizer(content)
  if (tokenizer.vocabulary === spec.vocabulary) return { name: spec.sha256, vocabulary: tokenizer.vocabulary, encode: bytes => tokenizer.encode(bytes) }
  throw new ShoalError({
    code: 'MANIFEST_INVALID', what: 'the run’s tokenizer is not what its manifest says', why: `it has ${tokenizer.vocabulary} tokens, the manifest says ${spec.vocabulary}`,
    tryThis: 'ask whoever made the run to make it again'
  })
}
