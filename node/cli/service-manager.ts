import { execFile } from 'node:child_process'

/** A manager that does not answer must not hold up a peer. */
const CALL_LIMIT_MS = 30_000
/** Twice within the time that systemd grants, as its manual advises. */
const WATCHDOG_SHARE = 0.5
const MICROSECONDS_PER_MS = 1000
/** A status line for people; nobody reads more often. */
const STATUS_EVERY_MS = 5000
const LONGEST_STATUS = 200

/** Sends a message to the service manager; resolves when it is through, or could not be. */
export type Call = (assignments: readonly string[]) => Promise<void>

/**
 * Tells systemd how its service does (`sd_notify`): that it is up, that it lives, what it does, that it stops. Node has no datagram sockets in
 * the file system, so `systemd-notify` carries each message; the unit has to grant that (`NotifyAccess=all`). Without a manager nothing happens.
 */
export class ServiceManager {
  readonly #call: Call | undefined
  readonly #watchdog: ReturnType<typeof setInterval> | undefined
  readonly #nowMs: () => number
  #toldAtMs = -Infinity
  #calls: Promise<void> = Promise.resolve()

  constructor (environment: Readonly<Record<string, string | undefined>>, warn: (sentence: string) => void, call: Call = callNotify(warn), nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
    if (environment['NOTIFY_SOCKET'] === undefined || environment['NOTIFY_SOCKET'] === '') return
    this.#call = call
    const everyMs = watchdogIntervalMs(environment)
    if (everyMs !== undefined) this.#watchdog = setInterval(() => { this.#send(['WATCHDOG=1']) }, everyMs).unref()
  }

  ready (status: string): void {
    this.#send(['READY=1', statusOf(status)])
  }

  /** Says what the peer does, now and then. */
  tell (sentence: string): void {
    if (this.#nowMs() - this.#toldAtMs < STATUS_EVERY_MS) return
    this.#toldAtMs = this.#nowMs()
    this.#send([statusOf(sentence)])
  }

  stopping (): void {
    clearInterval(this.#watchdog)
    this.#send(['STOPPING=1'])
  }

  /** Resolves once everything is told. */
  async close (): Promise<void> {
    clearInterval(this.#watchdog)
    await this.#calls
  }

  /** One after the other: messages that overtake each other would say the opposite. */
  #send (assignments: readonly string[]): void {
    const call = this.#call
    if (call !== undefined) this.#calls = this.#calls.then(async () => call(assignments))
  }
}

/** How often to say that the process lives; undefined where nobody asked, or asked another process. */
export function watchdogIntervalMs (environment: Readonly<Record<string, string | undefined>>, pid: number = process.pid): number | undefined {
  const microseconds = Number(environment['WATCHDOG_USEC'] ?? Number.NaN)
  const isMeant = environment['WATCHDOG_PID'] === undefined || Number(environment['WATCHDOG_PID']) === pid
  return Number.isFinite(microseconds) && microseconds > 0 && isMeant ? WATCHDOG_SHARE * microseconds / MICROSECONDS_PER_MS : undefined
}

/** A line break would be another message. */
function statusOf (sentence: string): string {
  return `STATUS=${sentence.replace(/\s+/g, ' ').slice(0, LONGEST_STATUS)}`
}

function callNotify (warn: (sentence: string) => void): Call {
  let hasWarned = false
  return async assignments => new Promise(resolve => {
    execFile('systemd-notify', [`--pid=${process.pid}`, ...assignments], { timeout: CALL_LIMIT_MS }, error => {
      if (error !== null && !hasWarned) {
        hasWarned = true
        warn(`the service manager cannot be told: ${error.message.trim()}`)
      }
      resolve()
    })
  })
}
