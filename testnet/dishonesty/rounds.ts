import type { Exchange, ExchangeMessage, GradientSteps, Peers, Trainer, TrainingOutcome } from '../../src/ports.ts'
import { fillGaussian } from '../../src/random/draw.ts'
import type { Words } from '../../src/random/words.ts'
import type { Attack } from '../scenarios/attacks.ts'
import type { Conduct } from './conduct.ts'

/** Far from any weight that training gives. */
const NOISE_SIZE = 1000
const CLAIMED_TOKENS = 1e6
const CLAIMED_ROUNDS = 1000

/** The trainer of a peer that may not train towards what its data says. */
export function corruptedTrainer (trainer: Trainer, conduct: Conduct, random: Words): Trainer {
  const before = new Float32Array(trainer.weights.length)
  const corrupt = (): void => {
    const { weights } = trainer
    if (conduct.attack === 'ascend') before.forEach((start, index) => { weights[index] = 2 * start - (weights[index] as number) })
    else if (conduct.attack === 'noise') fillGaussian(weights, random, NOISE_SIZE)
  }
  return {
    weights: trainer.weights,
    get step () { return trainer.step },
    gradients: trainer.gradients === undefined ? undefined : corruptedGradients(trainer.gradients, conduct, random),
    stop: () => { trainer.stop() },
    train: (untilStep, done) => {
      before.set(trainer.weights)
      trainer.train(untilStep, (outcome: TrainingOutcome) => {
        if (outcome.kind === 'reached') corrupt()
        done(outcome)
      })
    }
  }
}

/** Of a peer that shares its gradient: that is what it lies about. */
function corruptedGradients (gradients: GradientSteps, conduct: Conduct, random: Words): GradientSteps {
  const { gradient } = gradients
  const corrupt = (): void => {
    if (conduct.attack === 'ascend') gradient.forEach((value, index) => { gradient[index] = -value })
    else if (conduct.attack === 'noise') fillGaussian(gradient, random, NOISE_SIZE)
  }
  return {
    gradient,
    compute: done => {
      gradients.compute(outcome => {
        if (outcome.kind === 'reached') corrupt()
        done(outcome)
      })
    },
    finishStep: (options, finished) => { gradients.finishStep(options, finished) }
  }
}

/** The others, as a peer meets them that may not say what it ought to. */
export function corruptedPeers (peers: Peers, conduct: Conduct, random: Words): Peers {
  const corrupt = (exchange: Exchange): Exchange => ({
    partner: exchange.partner,
    close: reason => { exchange.close(reason) },
    send: message => {
      const said = corruptedMessage(message, conduct.attack, random)
      if (said !== undefined) exchange.send(said)
    }
  })
  return {
    ...peers,
    openExchange: (partner, events) => corrupt(peers.openExchange(partner, events)),
    onExchange: accept => { peers.onExchange(exchange => accept(corrupt(exchange))) },
    announce: progress => { peers.announce(conduct.attack === 'ahead' ? { ...progress, round: progress.round + CLAIMED_ROUNDS } : progress) }
  }
}

function corruptedMessage (message: ExchangeMessage, attack: Attack | undefined, random: Words): ExchangeMessage | undefined {
  if (attack === 'silent') return message.kind === 'offer' || message.kind === 'accept' ? message : undefined
  if (message.kind !== 'contribution') return message
  if (attack === 'tokens') return { ...message, tokens: message.tokens * CLAIMED_TOKENS }
  if (attack === 'nan') return { ...message, payload: new Uint8Array(message.payload.length).fill(0xff) }
  if (attack === 'garbage') return { ...message, payload: message.payload.map(() => random.next() & 0xff) }
  return message
}
