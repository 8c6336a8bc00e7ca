import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Steps before any that counts: caches fill and V8 compiles. */
const WARM_UP_STEPS = 2
const MATMULS_A_TURN = 5

/** Contestants in processes of their own, of which one computes at a time. */
export class Contest {
  #players
  #declined
  #tell

  constructor (players, declined, tell) {
    this.#players = players
    this.#declined = declined
    this.#tell = tell
  }

  /** Starts all; who cannot take part, or would compute the same as one before, is listed with the reason. */
  static async start (contestants, tell) {
    const [players, declined] = [[], []]
    for (const contestant of contestants) {
      const player = new Player(contestant)
      const reason = await player.started() ?? sameAs(player, players)
      if (reason === undefined) players.push(player)
      else {
        declined.push({ title: contestant.title, reason })
        player.close()
      }
      tell(`${contestant.title}: ${reason ?? player.about.device}`)
    }
    return new Contest(players, declined, tell)
  }

  async run (rounds) {
    for (let round = 0; round < rounds; round++) {
      for (const player of this.#players) await player.turn(round)
      this.#tell(`round ${round + 1} of ${rounds}`)
    }
    const results = []
    for (const player of this.#players) results.push(await player.result())
    for (const player of this.#players) player.close()
    return { contestants: results, declined: this.#declined }
  }
}

function sameAs (player, others) {
  const twin = others.find(({ about, contestant }) => contestant.kind === player.contestant.kind && about.device === player.about.device && about.variant === player.about.variant)
  return twin === undefined ? undefined : `the same device and kernels as ${twin.contestant.title}`
}

class Player {
  contestant
  about
  #child
  #waiting
  #losses = []
  #stepMs = []
  #matmulMs = []
  #tensors = []

  constructor (contestant) {
    this.contestant = contestant
    const module = fileURLToPath(new URL(`./${contestant.module}.mjs`, import.meta.url))
    this.#child = fork(module, [JSON.stringify(contestant.input)], { execArgv: contestant.flags, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    let words = ''
    this.#child.stderr.on('data', chunk => { words = (words + chunk).slice(-2000) })
    this.#child.on('message', message => this.#waiting?.(message))
    this.#child.on('exit', code => this.#waiting?.({ declined: words.trim().split('\n').at(-1) || `its process ended with code ${code}` }))
  }

  /** Why it does not take part, if so. */
  async started () {
    const { answer, declined } = await this.#next()
    this.about = answer
    return declined
  }

  async turn (round) {
    const { stepsATurn, turns } = this.contestant
    if (round >= turns) return
    if (stepsATurn > 0) {
      // What takes a minute a step is not warmed up.
      const warmUp = round === 0 && stepsATurn > 1 ? WARM_UP_STEPS : 0
      const { losses, stepMs, tensors } = await this.#ask({ kind: 'steps', count: warmUp + stepsATurn })
      this.#losses.push(...losses)
      this.#stepMs.push(stepMs.slice(warmUp))
      this.#tensors.push(tensors)
    }
    this.#matmulMs.push((await this.#ask({ kind: 'matmuls', count: MATMULS_A_TURN })).matmulMs)
  }

  async result () {
    const { peakRssBytes } = await this.#ask({ kind: 'memory' })
    const { kind, title, isOneThread = false } = this.contestant
    return { kind, title, isOneThread, ...this.about, peakRssBytes, tensors: this.#tensors, losses: this.#losses, stepMs: this.#stepMs, matmulMs: this.#matmulMs }
  }

  close () {
    if (this.#child.connected) this.#child.disconnect()
    this.#child.kill()
  }

  async #ask (question) {
    const answered = this.#next()
    this.#child.send(question)
    const { answer, failure, declined } = await answered
    if (answer === undefined) throw new Error(`${this.contestant.title}: ${failure ?? declined}`)
    return answer
  }

  async #next () {
    return await new Promise(resolve => { this.#waiting = resolve })
  }
}
