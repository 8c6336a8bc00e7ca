import { z } from 'zod'
import { byteTotalsSchema, roundRecordSchema } from './schema.ts'

const text = z.string()
/** JSON has no NaN: a value that does not exist yet is null. */
const maybe = z.number().nullable()
const number = z.number()

const reportSchema = z.object({
  peerId: text, steps: number, tokens: number, rounds: number, averagedRounds: number, parameters: number, startLoss: maybe, evalLoss: maybe, bytes: byteTotalsSchema,
  secondsTraining: number, secondsTotal: number, eventLoopDelayP99Ms: number, checkpoint: text
})

function event<Name extends string, Shape extends z.ZodRawShape> (name: Name, what: string, shape: Shape): z.ZodObject<{ type: z.ZodLiteral<Name> } & Shape> {
  return z.object({ type: z.literal(name), ...shape }).describe(what)
}

/** Every kind of event: the lines of `shoal events --json`, of the event stream and of recordings, beside `sequence` and `atMs`. */
export const EVENT_SCHEMAS = {
  started: event('started', 'The peer listens and is about to train; its invite is empty where the run admits by pass', {
    peerId: text, runId: text, runName: text, addresses: z.array(text), invite: text, backend: text, parameters: number, step: number, resumed: z.boolean()
  }),
  serving: event('serving', 'The page or the metrics are on a port', { what: z.enum(['page', 'metrics']), url: text, needsToken: z.boolean() }),
  waiting: event('waiting', 'What the peer waits for, in a sentence', { sentence: text }),
  joining: event('joining', 'A joiner fetches a replica, once a second: bytes that are here, members that give them, and how long the rest will take', {
    round: number, receivedBytes: number, totalBytes: number, sources: z.array(text), etaSeconds: maybe, sentence: text
  }),
  evaluated: event('evaluated', 'Loss on held-out data, nats per token', { moment: z.enum(['start', 'round', 'end']), step: number, tokens: number, loss: number, payloadBytesSent: number }),
  progress: event('progress', 'Training, at most four times a second; recordings keep one a second', { step: number, tokens: number, loss: number, tokensPerSecond: number, bytes: byteTotalsSchema }),
  round: event('round', 'An averaging round is over', { record: roundRecordSchema, bytes: byteTotalsSchema }),
  'peer-joined': event('peer-joined', 'A peer of the run is here', { peerId: text, addresses: z.array(text) }),
  'peer-left': event('peer-left', 'It is gone', { peerId: text, reason: text }),
  'peer-rejected': event('peer-rejected', 'We refused a peer, or it refused us', { peerId: text, code: text, sentence: text, by: z.enum(['us', 'them']) }),
  checkpoint: event('checkpoint', 'A checkpoint is on disk', { step: number, path: text }),
  merged: event('merged', 'One average of everyone who was there, beside this peer’s own weights', {
    step: number, members: z.array(text), spread: number, lossBefore: number, lossAfter: number, path: text
  }),
  network: event('network', 'How others are found, and how they come to this peer', { what: z.enum(['found', 'reachable', 'relayed', 'punched', 'islands']), sentence: text }),
  warning: event('warning', 'Something to know, in a sentence', { sentence: text }),
  finished: event('finished', 'The budget is spent, or the peer was stopped', { reason: z.enum(['budget', 'stopped']), report: reportSchema })
}
