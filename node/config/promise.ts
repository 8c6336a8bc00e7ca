import { ShoalError } from '../../src/errors.ts'
import { parseBytesPerDay, parseUpload } from '../../src/budget/upload-promise.ts'
import type { UploadPromise } from '../../src/budget/upload-promise.ts'
import type { Settings } from './settings.ts'

/** What a peer promises about what leaves it, if anything. @throws ShoalError USAGE for two promises at once */
export function promiseOf ({ upload, bytesPerDay }: Pick<Settings, 'upload' | 'bytesPerDay'>): UploadPromise | undefined {
  if (upload !== '' && bytesPerDay !== '') {
    throw new ShoalError({ code: 'USAGE', what: 'two promises about the uplink', why: `upload says ${upload}, bytesPerDay says ${bytesPerDay}`, tryThis: 'keep one of them' })
  }
  return upload !== '' ? parseUpload(upload) : bytesPerDay !== '' ? parseBytesPerDay(bytesPerDay) : undefined
}
