/**
 * For methods between real peers on a machine that may stop any of them for seconds at any moment: nobody goes on without somebody who is there.
 * What happens when patience ends is told of in virtual time, where it ends when it should.
 */
export const PATIENT = { patienceMs: 60_000, graceMs: 240_000 } as const
