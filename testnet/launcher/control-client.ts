import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { RECORD } from './control.ts'
import { controlAnswerSchema, testnetRecordSchema } from './control-messages.ts'
import type { ControlRequest, TestnetListing, TestnetRecord } from './control-messages.ts'

/** A testnet that another process has started. */
export interface FoundTestnet {
  readonly root: string
  readonly record: TestnetRecord
}

/** The testnets below a folder, or the one in it, that have not taken their record away. */
export function findTestnets (folder: string): readonly FoundTestnet[] {
  const below = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => join(folder, name)) : []
  return [folder, ...below].flatMap(root => {
    const record = readRecord(join(root, RECORD))
    return record === undefined ? [] : [{ root, record }]
  })
}

function readRecord (file: string): TestnetRecord | undefined {
  try {
    return testnetRecordSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    // None, or one that this version did not write: nobody to ask.
    return undefined
  }
}

/**
 * Asks a testnet to do something; the answer is how it is then.
 *
 * @throws ShoalError DAEMON_UNREACHABLE when it is gone and left its record behind; what the testnet refuses
 */
export async function askTestnet ({ root, record }: FoundTestnet, request: ControlRequest): Promise<TestnetListing> {
  const answer = controlAnswerSchema.parse(JSON.parse(await exchange(record.socket, request).catch((cause: unknown) => { throw gone(root, record, cause) })))
  if ('testnet' in answer) return answer.testnet
  throw new ShoalError({ ...answer.error, code: answer.error.code as ErrorCode })
}

async function exchange (path: string, request: ControlRequest): Promise<string> {
  const socket = connect(path)
  const failed = new Promise<never>((_resolve, reject) => socket.once('error', reject))
  socket.end(`${JSON.stringify(request)}\n`)
  return Promise.race([text(socket), failed])
}

function gone (root: string, record: TestnetRecord, cause: unknown): ShoalError {
  return new ShoalError({
    code: 'DAEMON_UNREACHABLE', what: `testnet ${record.name} does not answer`, why: `process ${record.pid} started it and is gone without a word (${reasonOf(cause)})`,
    tryThis: `shoal testnet up starts it anew, and takes ${root} over`, cause
  })
}
