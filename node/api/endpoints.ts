import { z } from 'zod'
import { sampleRequestSchema, swarmSchema } from '../web/swarm-schema.ts'
import {
  bandwidthSchema, checkpointsSchema, checkSchema, configSchema, forgiveSchema, ledgerSchema, mergeSchema, pauseSchema, peersSchema, readySchema, revokeSchema, roundsQuerySchema, roundsSchema, runsSchema, shutdownSchema,
  statusSchema
} from './schema.ts'

interface Endpoint<Answer extends z.ZodType, Query extends z.ZodType> {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly summary: string
  readonly query: Query
  readonly answer: Answer
}

const noQuery = z.object({})

function get<Answer extends z.ZodType> (path: string, summary: string, answer: Answer): Endpoint<Answer, typeof noQuery> {
  return { method: 'GET', path, summary, query: noQuery, answer }
}

function post<Answer extends z.ZodType> (path: string, summary: string, answer: Answer): Endpoint<Answer, typeof noQuery> {
  return { method: 'POST', path, summary, query: noQuery, answer }
}

/** Every question with one JSON document as its answer: what the server answers, the client asks and `docs/api.md` tells of. */
export const ENDPOINTS = {
  status: get('/v1/status', 'What the peer does, and why', statusSchema),
  peers: get('/v1/peers', 'Who else is in the run, and who was refused', peersSchema),
  rounds: { ...get('/v1/rounds', 'A page of averaging rounds, oldest first', roundsSchema), query: roundsQuerySchema },
  bandwidth: get('/v1/bandwidth', 'What went over the network since the peer started, by protocol and by peer', bandwidthSchema),
  runs: get('/v1/runs', 'The runs that are known on this data directory', runsSchema),
  checkpoints: get('/v1/checkpoints', 'The checkpoints of the run under way', checkpointsSchema),
  config: get('/v1/config', 'The settings in force, and where each comes from', configSchema),
  ledger: get('/v1/ledger', 'The ledger of a run that is trained by scalars, as it is at this moment', ledgerSchema),
  ready: get('/readyz', 'Whether the peer is in its run: status 200 when it is, 503 when not', readySchema),
  pause: post('/v1/pause', 'Rest after the step under way; the others go on', pauseSchema),
  resume: post('/v1/resume', 'Go on where training rested', pauseSchema),
  check: post('/v1/check', 'How this peer’s network looks to some other members; answers when they have', checkSchema),
  merge: post('/v1/merge', 'Average everyone who is there now into one model; answers when it is done', mergeSchema),
  forgive: { ...post('/v1/forgive', 'Forget what is held against a peer, a ban included', forgiveSchema), query: z.object({ peer: z.string().min(1).max(100) }) },
  revoke: { ...post('/v1/revoke', 'Take back a pass, or a peer’s admission; the swarm hears of it', revokeSchema), query: z.object({ what: z.string().min(1).max(100) }) },
  shutdown: post('/v1/shutdown', 'Begin a graceful stop; answers before it is over', shutdownSchema)
} as const

/** What the page asks for beside those: `sample` takes a document, and its answer is a text that comes as it is written. */
export const PAGE_ENDPOINTS = {
  swarm: get('/v1/swarm', 'What this peer has seen of the swarm since it started, thinned out to little', swarmSchema),
  sample: {
    path: '/v1/sample', summary: 'A text to continue with the weights of this moment; the answer is plain text, as it is written', request: sampleRequestSchema
  }
} as const

export type EndpointName = keyof typeof ENDPOINTS
export type AnswerOf<Name extends EndpointName> = z.infer<typeof ENDPOINTS[Name]['answer']>
export type QueryOf<Name extends EndpointName> = z.infer<typeof ENDPOINTS[Name]['query']>
/** An answer before the version is put on it. */
export type Unversioned<Answer> = Omit<Answer, 'version'>
