import { describe, expect, it } from 'vitest'
import { DialPlan, FIRST_RETRY_MS, LEARNT_ATTEMPTS, REFUSED_RETRY_MS, SLOWEST_LONELY_RETRY_MS, SLOWEST_RETRY_MS, YIELD_MS } from '../../../node/network/dial-plan.ts'
import { peerIdOf } from '../../../node/network/addresses.ts'

const keysDue = (plan: DialPlan, nowMs: number, atMost = 99): string[] => plan.takeDue(nowMs, atMost).map(target => target.key)

describe('DialPlan', () => {
  it('dials entries at once, each target once, in order of key', () => {
    const plan = new DialPlan('m')
    for (const peer of ['c', 'a', 'b', 'm']) plan.addEntry(`/ip4/1.2.3.4/tcp/1/p2p/${peer}`, 0)
    plan.addEntry('/ip4/1.2.3.4/tcp/2/p2p/a', 0)
    expect(keysDue(plan, 0, 2)).toEqual(['a', 'b'])
    expect(keysDue(plan, 0)).toEqual(['c'])
    expect(keysDue(plan, 1e9)).toEqual([])
  })

  it('retries an entry forever, twice as late each time up to a limit', () => {
    const plan = new DialPlan('m')
    plan.addEntry('/ip4/1.2.3.4/tcp/1', 0)
    const waits: number[] = []
    let nowMs = 0
    for (let attempt = 0; attempt < 12; attempt++) {
      const [key] = keysDue(plan, nowMs)
      plan.failed(key!, nowMs)
      waits.push(plan.nextDueMs() - nowMs)
      nowMs = plan.nextDueMs()
    }
    expect(waits.slice(0, 4)).toEqual([1, 2, 4, 8].map(factor => factor * FIRST_RETRY_MS))
    expect(waits.at(-1)).toBe(SLOWEST_LONELY_RETRY_MS)
    plan.lonely = false
    plan.failed(keysDue(plan, nowMs)[0]!, nowMs)
    expect(plan.nextDueMs() - nowMs).toBe(SLOWEST_RETRY_MS)
  })

  it('lets the smaller id dial first, and gives a learnt peer up in the end', () => {
    const plan = new DialPlan('m')
    plan.lonely = false
    plan.learn('a', ['/x'], 0)
    plan.learn('z', ['/x'], 0)
    plan.learn('m', ['/x'], 0)
    plan.learn('nowhere', [], 0)
    expect(keysDue(plan, 0)).toEqual(['z'])
    expect(keysDue(plan, YIELD_MS)).toEqual(['a'])
    for (let attempt = 0; attempt < LEARNT_ATTEMPTS; attempt++) plan.failed('z', 0)
    expect(keysDue(plan, 1e9)).toEqual([])
    plan.learn('z', ['/y'], 5)
    expect(keysDue(plan, 5)).toEqual(['z'])
  })

  it('dials whoever it is told of at once while it is new', () => {
    const plan = new DialPlan('m')
    plan.learn('a', ['/x'], 0)
    plan.learn('z', ['/x'], 0)
    expect(keysDue(plan, 0).sort()).toEqual(['a', 'z'])
  })

  it('learns the id behind an address, and dials again when the peer is lost', () => {
    const plan = new DialPlan('m')
    plan.addEntry('/dns4/example.org/tcp/1', 0)
    expect(keysDue(plan, 0)).toEqual(['/dns4/example.org/tcp/1'])
    plan.connected('/dns4/example.org/tcp/1', 'q')
    plan.accepted('q', [])
    expect(plan.nextDueMs()).toBe(Infinity)
    plan.lost('q', 100)
    expect(plan.nextDueMs()).toBe(100 + FIRST_RETRY_MS)
  })

  it('leaves alone who refused or said goodbye, but does not forget an entry', () => {
    const plan = new DialPlan('m')
    plan.addEntry('/ip4/1.2.3.4/tcp/1/p2p/entry', 0)
    plan.learn('learnt', ['/x'], 0)
    keysDue(plan, 1e4)
    plan.refused('entry', 10)
    plan.lost('entry', 11)
    expect(plan.nextDueMs()).toBe(10 + REFUSED_RETRY_MS)
    plan.departed('learnt', 10)
    plan.lost('learnt', 11)
    expect(keysDue(plan, 1e9)).toEqual(['entry'])
  })

  it('reads the peer id of an address', () => {
    expect(peerIdOf('/ip4/1.2.3.4/tcp/1/p2p/abc')).toBe('abc')
    expect(peerIdOf('/ip4/1.2.3.4/tcp/1')).toBeUndefined()
  })
})
