import { readFileList } from '../../src/data/file-list.ts'
import type { FileEntry } from '../../src/data/file-list.ts'
import type { RunManifest } from '../../src/manifest/schema.ts'
import type { ServedFile } from '../../protocols/files/handler.ts'
import { missingFile } from './file-store.ts'
import type { FileStore } from './file-store.ts'
import type { LocalFile } from './find-files.ts'

type Parts = Pick<RunManifest, 'data' | 'tokenizer'>

/** The files that a manifest names, and those that its list names. Nothing else of this machine is ever given to a peer. */
export class RunFiles {
  readonly store: FileStore
  readonly #parts: Parts
  #listed: readonly FileEntry[] | undefined

  constructor (parts: Parts, store: FileStore) {
    this.#parts = parts
    this.store = store
  }

  /** What the manifest itself names: the tokenizer, the list of files. */
  named (): readonly FileEntry[] {
    const { tokenizer } = this.#parts
    const list = this.#list()
    return [
      ...tokenizer.kind === 'file' ? [{ name: 'the tokenizer', sha256: tokenizer.sha256, bytes: tokenizer.bytes }] : [],
      ...list === undefined ? [] : [{ name: 'the list of files', sha256: list.sha256, bytes: list.listBytes }]
    ]
  }

  /** What the list names; none where the manifest has no list. @throws ShoalError DATA_MISSING while the list is not here */
  async listed (): Promise<readonly FileEntry[]> {
    const list = this.#list()
    if (list === undefined) return []
    this.#listed ??= readFileList(await this.store.read(list.sha256, list.listBytes))
    return this.#listed
  }

  /** Where the listed files lie. @throws ShoalError DATA_MISSING for the first that is not here */
  async located (signal?: AbortSignal): Promise<readonly LocalFile[]> {
    const files: LocalFile[] = []
    for (const { name, sha256, bytes } of await this.listed()) {
      const found = await this.store.locate(sha256, bytes, signal)
      if (found === undefined) throw missingFile(sha256, `${name} (${bytes} bytes) is ${await this.store.absence(sha256)}`)
      files.push({ name, sha256, ...found })
    }
    return files
  }

  /** The tokenizer's file as text; undefined for bytes. @throws ShoalError DATA_MISSING, DATA_CHANGED */
  async tokenizer (): Promise<string | undefined> {
    const { tokenizer } = this.#parts
    return tokenizer.kind === 'file' ? new TextDecoder().decode(await this.store.read(tokenizer.sha256, tokenizer.bytes)) : undefined
  }

  /** Opens a file of the run for a peer; undefined for every other hash, and for what is not here. */
  async open (sha256: string): Promise<ServedFile | undefined> {
    const known = [...this.named(), ...await this.listed().catch(() => [])].find(file => file.sha256 === sha256)
    return known === undefined ? undefined : await this.store.open(sha256, known.bytes)
  }

  #list (): { readonly sha256: string, readonly listBytes: number } | undefined {
    const { data } = this.#parts
    if (data.corpus === 'files' || data.corpus === 'idx') return data.files
    return data.corpus === 'own' ? data.heldOut : undefined
  }
}
