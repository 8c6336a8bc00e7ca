import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PauseSwitch } from '../../../node/peer/pause.ts'
import type { Peers, Progress, Trainer, TrainingOutcome } from '../../../src/ports.ts'

/** Steps when told to; a stop is heard before the next step. */
class SteppedTrainer implements Trainer {
  readonly weights = new Float32Array(1)
  step = 0
  #training: { readonly until: number, readonly from: number, readonly done: (outcome: TrainingOutcome) => void } | undefined
  #isStopped = false

  get isTraining (): boolean { return this.#training !== undefined }

  train (until: number, done: (outcome: TrainingOutcome) => void): void {
    if (this.#training !== undefined) throw new Error('a training is already under way')
    this.#training = { until, from: this.step, done }
    this.#isStopped = false
  }

  stop (): void { this.#isStopped = true }

  /** One step, or the end of the training. */
  turn (): void {
    const training = this.#training
    if (training === undefined) return
    if (!this.#isStopped && this.step < training.until) this.step++
    const isOver = this.step >= training.until
    if (!isOver && !this.#isStopped) return
    this.#training = undefined
    training.done(isOver ? { kind: 'reached', step: this.step, tokens: (this.step - training.from) * 8, meanLoss: 1 } : { kind: 'stopped', step: this.step })
  }
}

const TOKENS_A_STEP = 8

describe('a pause', () => {
  it('lets training rest where it is and go on there, and nobody who asked for it notices', () => {
    const inner = new SteppedTrainer()
    const pause = new PauseSwitch(() => 5)
    const trainer = pause.trainer(inner, TOKENS_A_STEP)
    const outcomes: TrainingOutcome[] = []
    trainer.train(4, outcome => outcomes.push(outcome))
    inner.turn()
    expect([pause.pause(), pause.pause(), pause.sinceMs]).toEqual([5, 5, 5])
    for (let turn = 0; turn < 5; turn++) inner.turn()
    expect([inner.step, inner.isTraining, outcomes]).toEqual([1, false, []])
    pause.resume()
    for (let turn = 0; turn < 5; turn++) inner.turn()
    expect(outcomes).toEqual([{ kind: 'reached', step: 4, tokens: 32, meanLoss: 1 }])
    expect(pause.sinceMs).toBeUndefined()
  })

  it('ends at once for whoever stops it while it rests', () => {
    const inner = new SteppedTrainer()
    const pause = new PauseSwitch()
    const trainer = pause.trainer(inner, TOKENS_A_STEP)
    const outcomes: TrainingOutcome[] = []
    pause.pause()
    trainer.train(4, outcome => outcomes.push(outcome))
    expect(inner.isTraining).toBe(false)
    trainer.stop()
    expect(outcomes).toEqual([{ kind: 'stopped', step: 0 }])
    pause.resume()
    expect(inner.isTraining).toBe(false)
  })

  it('never loses, repeats or invents a step or its tokens, whenever it comes', () => {
    const moves = fc.array(fc.constantFrom('turn', 'turn', 'turn', 'pause', 'resume'), { maxLength: 60 })
    fc.assert(fc.property(moves, fc.integer({ min: 1, max: 10 }), (script, until) => {
      const inner = new SteppedTrainer()
      const pause = new PauseSwitch()
      const outcomes: TrainingOutcome[] = []
      pause.trainer(inner, TOKENS_A_STEP).train(until, outcome => outcomes.push(outcome))
      for (const move of script) {
        if (move === 'turn') inner.turn()
        else if (move === 'pause') pause.pause()
        else pause.resume()
        expect(outcomes.length > 0).toBe(inner.step === until)
      }
      pause.resume()
      for (let turn = 0; turn < 2 * until + 2; turn++) inner.turn()
      expect(outcomes).toEqual([{ kind: 'reached', step: until, tokens: until * TOKENS_A_STEP, meanLoss: 1 }])
    }))
  })

  it('stops for good when the averaging asked, even if it was about to rest', () => {
    const inner = new SteppedTrainer()
    const pause = new PauseSwitch()
    const trainer = pause.trainer(inner, TOKENS_A_STEP)
    const outcomes: TrainingOutcome[] = []
    trainer.train(4, outcome => outcomes.push(outcome))
    pause.pause()
    trainer.stop()
    inner.turn()
    expect(outcomes).toEqual([{ kind: 'stopped', step: 0 }])
  })

  it('tells the others that nobody trains here meanwhile', () => {
    const told: boolean[] = []
    const inner = { self: 'me', announce: ({ training }: Progress) => { told.push(training) } } as unknown as Peers
    const pause = new PauseSwitch()
    const peers = pause.peers(inner)
    const progress: Progress = { round: 1, step: 1, training: true, loss: 1, tokensPerSecond: 1 }
    peers.announce(progress)
    pause.pause()
    peers.announce(progress)
    pause.resume()
    peers.announce({ ...progress, training: false })
    pause.pause()
    expect(told).toEqual([true, false, false, true, false, false])
  })

  it('holds back a gradient that has not begun, and lets one under way end', () => {
    const asked: Array<(outcome: TrainingOutcome) => void> = []
    const inner = Object.assign(new SteppedTrainer(), {
      gradients: { gradient: new Float32Array(1), compute: (done: (outcome: TrainingOutcome) => void) => { asked.push(done) }, finishStep: (_: object, finished?: () => void) => { finished?.() } }
    })
    const pause = new PauseSwitch()
    const { gradients } = pause.trainer(inner, TOKENS_A_STEP)
    const outcomes: string[] = []
    gradients?.compute(({ kind }) => outcomes.push(kind))
    pause.pause()
    asked[0]?.({ kind: 'reached', step: 1, tokens: 8, meanLoss: 1 })
    gradients?.compute(({ kind }) => outcomes.push(kind))
    expect([asked.length, outcomes]).toEqual([1, ['reached']])
    pause.resume()
    expect(asked).toHaveLength(2)
    let isFinished = false
    gradients?.finishStep({ descend: true }, () => { isFinished = true })
    expect(isFinished).toBe(true)
  })

  it('asks the swarm for everything that it knows, how large it is among it', () => {
    const asked: string[] = []
    const inner: Required<Peers> = {
      self: 'me',
      present: () => { asked.push('present'); return [] },
      swarmSize: () => { asked.push('swarmSize'); return 512 },
      openExchange: partner => { asked.push('openExchange'); return { partner, send: () => undefined, close: () => undefined } },
      onExchange: () => { asked.push('onExchange') },
      onChange: () => { asked.push('onChange'); return () => undefined },
      announce: () => { asked.push('announce') },
      blame: () => { asked.push('blame') },
      uploadBytesPerSecond: () => { asked.push('uploadBytesPerSecond'); return 7 }
    }
    const peers = new PauseSwitch(() => 5).peers(inner)
    expect([peers.self, peers.present(), peers.swarmSize?.(), peers.uploadBytesPerSecond?.()]).toEqual(['me', [], 512, 7])
    peers.openExchange('other', { message: () => undefined, closed: () => undefined })
    peers.onExchange(() => ({ message: () => undefined, closed: () => undefined }))
    peers.onChange(() => undefined)
    peers.announce({ round: 1, step: 1, training: true, loss: 1, tokensPerSecond: 1 })
    peers.blame?.('other', 'BAD_CONTRIBUTION', 'nonsense')
    expect(asked.toSorted()).toEqual(Object.keys(inner).filter(name => name !== 'self').sort())
  })
})
