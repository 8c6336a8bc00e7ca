import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { socketPath } from '../../node/api/server.ts'
import { controlRequestSchema, LONGEST_REQUEST_BYTES } from './control-messages.ts'
import type { ControlAnswer, ControlRequest, TestnetListing, TestnetRecord } from './control-messages.ts'
import type { Seat } from './seat.ts'
import type { Testnet } from './testnet.ts'

/** Name of the file that leads other terminals to a testnet. */
export const RECORD = 'testnet.json'

export interface ControlServer {
  /** Takes the record and the socket away. */
  close (): Promise<void>
}

/** Answers other terminals for as long as a testnet runs, and leaves a record in its folder so that they find it. */
export async function startControl (name: string, root: string, testnet: Testnet): Promise<ControlServer> {
  const socket = controlSocket(root)
  const startedAtMs = Date.now()
  const server = createServer({ allowHalfOpen: true }, connection => { answerOn(connection, async request => ({ testnet: await obey(request, testnet, { name, root, startedAtMs }) })) })
  const mask = process.umask(0o177)
  try {
    if (process.platform !== 'win32') rmSync(socket, { force: true })
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve))
  } finally {
    process.umask(mask)
  }
  const record: TestnetRecord = { name, pid: process.pid, socket, startedAtMs }
  writeFileSync(join(root, RECORD), `${JSON.stringify(record)}\n`, { mode: 0o600 })
  return {
    close: async () => {
      rmSync(join(root, RECORD), { force: true })
      await new Promise<void>(resolve => { server.close(() => { resolve() }) })
    }
  }
}

/** Beside the folder's own files; a short name elsewhere where its path is too long for a socket. */
function controlSocket (root: string): string {
  return socketPath(root).replace(/api\.sock$/, 'testnet.sock')
}

function answerOn (connection: Socket, answer: (request: ControlRequest) => Promise<ControlAnswer>): void {
  let text = ''
  connection.setEncoding('utf8')
  connection.on('error', () => { /* whoever asked went away */ })
  connection.on('data', (piece: string) => {
    text += piece
    if (text.length > LONGEST_REQUEST_BYTES) { connection.destroy(); return }
    if (!text.includes('\n')) return
    connection.removeAllListeners('data')
    answered(text, answer).then(document => connection.end(`${JSON.stringify(document)}\n`), () => connection.destroy())
  })
}

async function answered (text: string, answer: (request: ControlRequest) => Promise<ControlAnswer>): Promise<ControlAnswer> {
  try {
    return await answer(controlRequestSchema.parse(JSON.parse(text)))
  } catch (error) {
    const { code, message, why, tryThis } = error instanceof ShoalError ? error : new ShoalError({ code: 'USAGE', what: 'the testnet cannot do that', why: reasonOf(error), tryThis: 'use the same version of Shoal on both sides' })
    return { error: { code, what: message, why, tryThis } }
  }
}

async function obey (request: ControlRequest, testnet: Testnet, about: Pick<TestnetListing, 'name' | 'root' | 'startedAtMs'>): Promise<TestnetListing> {
  const seats = 'peers' in request ? request.peers.map(name => testnet.seat(name)) : []
  switch (request.kind) {
    case 'list': break
    case 'kill':
      for (const seat of seats) seat.kill()
      await Promise.all(seats.map(async seat => seat.exited()))
      break
    case 'pause':
      for (const seat of seats) pause(seat, request.forMs)
      break
    case 'resume':
      for (const seat of seats) seat.thaw()
      break
    case 'partition':
      testnet.shapedLinks().book.partition(request.sides.map(side => side.map(name => testnet.seat(name).name)))
      break
    case 'heal':
      testnet.shapedLinks().book.heal()
  }
  await testnet.links?.settled()
  return listingOf(testnet, about)
}

/** @throws ShoalError USAGE where it cannot be held */
function pause (seat: Seat, forMs: number | undefined): void {
  seat.freeze()
  if (!seat.isFrozen) {
    throw new ShoalError({
      code: 'USAGE', what: `${seat.name} cannot be paused`, why: process.platform === 'win32' ? 'Windows has no signal that lets a process stand still' : 'it is not running',
      tryThis: 'shoal testnet ls shows who is there'
    })
  }
  if (forMs !== undefined) setTimeout(() => { seat.thaw() }, forMs).unref()
}

function listingOf (testnet: Testnet, about: Pick<TestnetListing, 'name' | 'root' | 'startedAtMs'>): TestnetListing {
  return {
    ...about,
    pid: process.pid,
    invite: testnet.invite,
    sides: (testnet.links?.book.sides ?? []).map(side => [...side]),
    peers: testnet.seats.map(seat => ({
      name: seat.name,
      alias: seat.plan.alias,
      pid: seat.pid ?? null,
      phase: seat.told.phase,
      step: seat.view.step,
      round: seat.view.round,
      loss: Number.isFinite(seat.told.loss) ? seat.told.loss : null,
      bytesSent: seat.view.bytesSent,
      state: stateOf(seat)
    }))
  }
}

function stateOf (seat: Seat): string {
  if (seat.isFrozen) return 'paused'
  if (seat.isRunning) return 'running'
  return seat.addresses.length === 0 && seat.plan.joinsLater ? 'awaited' : 'ended'
}
