import { appendFile, rm } from 'node:fs/promises'
import { reasonOf } from '../../src/errors.ts'
import type { StampedEvent } from '../../src/events.ts'
import type { EventLog } from '../peer/event-log.ts'
import { eventFilePath, eventFiles, repairRecording } from './event-files.ts'

/** A file is turned over at this size; an hour of a busy peer. */
const LARGEST_FILE_BYTES = 4 * 1024 * 1024
/** Together at most 64 MiB: weeks of a peer. */
const KEPT_FILES = 16
/** A screen that plays it back shows no more of a second than this, and a training step may take a millisecond. */
const PROGRESS_EVERY_MS = 1000
/** What waits for a disk that has stopped; beyond it, lines are lost. */
const MAXIMUM_WAITING_CHARACTERS = 1024 * 1024

export interface RecorderOptions {
  readonly folder: string
  /** Told once in a sentence when the disk takes no more. */
  readonly onFailure: (sentence: string) => void
  readonly largestFileBytes?: number
  readonly keptFiles?: number
}

/**
 * Writes everything that a peer tells to files that `shoal replay` and late subscribers read: one event a line, appended whole and in order,
 * so that a process that is killed loses at most what it told in its last moment. Old files go as new ones come.
 */
export class EventRecorder {
  /** Sequence number of the last event of earlier lives. */
  readonly last: number
  readonly #options: Required<RecorderOptions>
  #path: string | undefined
  #bytes: number
  #progressAtMs = -Infinity
  #waiting: Array<{ readonly sequence: number, readonly line: string }> = []
  #waitingCharacters = 0
  #writing: Promise<void> | undefined
  #hasFailed = false

  /** @throws the file system's error where the folder cannot be read or made */
  constructor (options: RecorderOptions) {
    this.#options = { largestFileBytes: LARGEST_FILE_BYTES, keptFiles: KEPT_FILES, ...options }
    const { last, file, bytes } = repairRecording(options.folder)
    this.last = last
    this.#path = file?.path
    this.#bytes = bytes
  }

  record (event: StampedEvent): void {
    if (event.type === 'progress') {
      if (event.atMs - this.#progressAtMs < PROGRESS_EVERY_MS) return
      this.#progressAtMs = event.atMs
    }
    const line = `${JSON.stringify(event)}\n`
    if (this.#waitingCharacters + line.length > MAXIMUM_WAITING_CHARACTERS) return
    this.#waiting.push({ sequence: event.sequence, line })
    this.#waitingCharacters += line.length
    this.#writing ??= this.#write()
  }

  /** Resolves once everything recorded so far is written, or could not be. */
  async flush (): Promise<void> {
    while (this.#writing !== undefined) await this.#writing
  }

  async #write (): Promise<void> {
    // Everything that is told in one turn of the event loop goes in one piece.
    await Promise.resolve()
    try {
      while (this.#waiting.length > 0) await this.#append()
    } catch (error) {
      this.#waiting = []
      this.#waitingCharacters = 0
      // Half a line may have been written: what comes next begins a file.
      this.#path = undefined
      if (!this.#hasFailed) this.#options.onFailure(`events are no longer recorded: ${reasonOf(error)}`)
      this.#hasFailed = true
    } finally {
      this.#writing = undefined
    }
  }

  async #append (): Promise<void> {
    const { folder, largestFileBytes } = this.#options
    const [first] = this.#waiting
    if (first === undefined) return
    if (this.#path === undefined || this.#bytes >= largestFileBytes) await this.#turnOver(eventFilePath(folder, first.sequence))
    const text = Buffer.from(this.#waiting.map(({ line }) => line).join(''))
    this.#waiting = []
    this.#waitingCharacters = 0
    await appendFile(this.#path ?? '', text, { mode: 0o600 })
    this.#bytes += text.length
  }

  async #turnOver (path: string): Promise<void> {
    const { folder, keptFiles } = this.#options
    this.#path = path
    this.#bytes = 0
    const files = eventFiles(folder)
    for (const old of files.slice(0, Math.max(0, files.length - keptFiles + 1))) await rm(old.path, { force: true })
  }
}

/** Records a log from here on, counting on from earlier lives; what it returns ends that once everything is written. */
export function recordEvents (folder: string, events: EventLog): { readonly stop: () => Promise<void> } {
  const recorder = new EventRecorder({ folder, onFailure: sentence => { events.emit({ type: 'warning', sentence }) } })
  events.continueFrom(recorder.last)
  const unsubscribe = events.subscribe(event => { recorder.record(event) })
  return {
    stop: async () => {
      unsubscribe()
      await recorder.flush()
    }
  }
}
