import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CHURN_TIMEOUT_MS, ChurningSwarm, idOf, nextAveraged } from '../support/churning-swarm.ts'

let swarm: ChurningSwarm
beforeEach(async () => { swarm = await ChurningSwarm.make() })
afterEach(async () => swarm.close())

/** The others go on without it, and it goes on with them. */
const FROZEN_MS = 60_000

describe('a swarm whose members come and go', () => {
  it('goes on while one is frozen, one is killed and comes back from its own store, and one leaves', async () => {
    const first = swarm.peer('first', swarm.manifest)
    const { invite } = await first.event('started')
    const [frozen, killed] = [swarm.peer('frozen', invite, { shard: 2 }), swarm.peer('killed', invite, { shard: 3 })]
    await Promise.all([first, frozen, killed].map(async peer => nextAveraged(peer)))

    frozen.kill('SIGSTOP')
    await Promise.all([first, killed].map(async peer => nextAveraged(peer)))
    await pause(FROZEN_MS)
    frozen.kill('SIGCONT')
    await nextAveraged(frozen)

    const { step } = await killed.event('checkpoint')
    killed.kill('SIGKILL')
    await killed.finished
    await Promise.all([first, frozen].map(async peer => nextAveraged(peer)))
    const returned = swarm.peer('killed', invite, { shard: 3 })
    const started = await returned.event('started')
    expect(started.resumed).toBe(true)
    expect(started.step).toBeGreaterThanOrEqual(step)
    await nextAveraged(returned)

    await swarm.leave(first)
    await Promise.all([frozen, returned].map(async peer => nextAveraged(peer)))
    await swarm.leave(frozen, returned)
    expect(swarm.brokenPromises()).toEqual([])
  }, CHURN_TIMEOUT_MS)

  it('goes on while each half of it is killed in turn and others come, and takes one of the first back with what it had', async () => {
    const names = ['first', 'second', 'third', 'fourth']
    const first = swarm.peer('first', swarm.manifest)
    const { invite } = await first.event('started')
    const founders = [first, ...names.slice(1).map((name, place) => swarm.peer(name, invite, { shard: place + 2 }))]
    await Promise.all(founders.map(async peer => nextAveraged(peer)))
    const { step } = await first.event('checkpoint')

    let members = founders
    for (const replacement of ['again', 'once more']) {
      const [gone, staying] = [members.slice(0, 2), members.slice(2)]
      for (const peer of gone) peer.kill('SIGKILL')
      await Promise.all(gone.map(async peer => peer.finished))
      await Promise.all(staying.map(async peer => nextAveraged(peer)))
      const { invite: current } = await staying[0]!.event('started')
      const newcomers = [1, 2].map(place => swarm.peer(`${replacement} ${place}`, current, { shard: place + (replacement === 'again' ? 0 : 2) }))
      const stayingIds = await Promise.all(staying.map(idOf))
      // whoever comes takes over what the others have, and is met by them
      await Promise.all(newcomers.map(async peer => nextAveraged(peer, stayingIds)))
      members = [...staying, ...newcomers]
    }

    const returned = swarm.peer('first', (await members[2]!.event('started')).invite)
    const started = await returned.event('started')
    expect(started).toMatchObject({ resumed: true, peerId: await idOf(first) })
    expect(started.step).toBeGreaterThanOrEqual(step)
    await nextAveraged(returned, await Promise.all(members.map(idOf)))
    await Promise.all(members.map(async peer => nextAveraged(peer)))
    await swarm.leave(...members, returned)
    expect(swarm.brokenPromises()).toEqual([])
  }, CHURN_TIMEOUT_MS)
})
