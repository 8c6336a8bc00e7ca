import { createHash } from 'node:crypto'
import { splitDocuments } from '../../../src/data/documents.ts'
import { trainBpe } from '../../../src/data/tokenizers/bpe-trainer.ts'
import { trainCharacters } from '../../../src/data/tokenizers/character-tokenizer.ts'
import { GPT2_PATTERN, createSplitter } from '../../../src/data/tokenizers/split-pieces.ts'
import { bpeFile, charactersFile, readTokenizer } from '../../../src/data/tokenizers/tokenizer-file.ts'
import { readCorpus } from '../../corpus/corpus.ts'
import { sampleOfText } from '../../data/sampled-text.ts'
import { choiceOption } from '../choices.ts'
import { action } from '../command.ts'
import { numberOption } from '../numbers.ts'
import { writeOutputFile } from '../output-file.ts'

interface TokenizerTrainOptions {
  readonly input?: readonly string[]
  readonly dataField?: string
  readonly kind: string
  readonly vocabulary: string
  readonly output: string
}

/** The runs' own default: what they are judged by, their tokenizer has not seen. */
const HOLD_OUT_EVERY = 10

export const tokenizerTrain = action<TokenizerTrainOptions>(async ({ options, output }) => {
  const kind = choiceOption('kind', options.kind, ['bpe', 'characters'])
  const vocabulary = numberOption('vocabulary', options.vocabulary, { minimum: kind === 'bpe' ? 256 : 17, maximum: 1_000_000 })
  const { pieces: documents, oneIn } = options.input === undefined ? { pieces: await defaultTexts(), oneIn: 1 } : await sampleOfText(options.input, options.dataField)
  if (oneIn > 1) output.message(`a long text: one piece in ${oneIn} is learnt from`)
  const file = kind === 'bpe' ? bpeFile(trainBpe(documents, vocabulary, createSplitter(GPT2_PATTERN))) : charactersFile(trainCharacters(documents, vocabulary))
  const bytes = new TextEncoder().encode(file)
  await writeOutputFile(options.output, [bytes])
  const tokenizer = readTokenizer(file)
  const bytesRead = documents.reduce((sum, { length }) => sum + length, 0)
  const tokens = documents.reduce((sum, document) => sum + tokenizer.encode(document).length, 0)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (options.json) output.json({ version: 1, file: options.output, sha256, kind, vocabulary: tokenizer.vocabulary, bytes: bytesRead, tokens })
  else output.line(options.output)
  output.message(`${tokenizer.vocabulary} tokens, ${(bytesRead / Math.max(1, tokens)).toFixed(2)} bytes each on the text they were learnt from; SHA-256 ${sha256}`)
  return undefined
})

async function defaultTexts (): Promise<readonly Uint8Array[]> {
  return splitDocuments(await readCorpus(), { holdOutEvery: HOLD_OUT_EVERY, shards: 1, split: 'era' }).training
}
