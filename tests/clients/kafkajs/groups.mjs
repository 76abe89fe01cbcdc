// A group that grows from one member to three and shrinks to two.
import { create, member, send } from './session.mjs'
import { eventually, expect } from './protocol.mjs'

const PARTITIONS = 6
const EVERY = Array.from({ length: PARTITIONS }, (_, i) => i)

export const groups = {
  'group-eager': eager,
  'group-cooperative': 'kafkajs has no cooperative rebalancing',
  'group-static': 'kafkajs has no static membership'
}

/** Starts a member: its share now, what it has consumed and committed, how often it joined, and what ended it. */
async function start(bootstrap, topic) {
  const seen = { share: [], records: [], joins: 0, ended: null }
  const consumer = member(bootstrap, topic, { heartbeatInterval: 500 })
  consumer.on(consumer.events.REBALANCING, () => { seen.share = [] })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    seen.share = payload.memberAssignment[topic] ?? []
    seen.joins += 1
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => { if (!payload.restart) seen.ended = payload.error })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachBatchAutoResolve: false,
    autoCommit: false,
    eachBatch: async ({ batch, resolveOffset }) => {
      await consumer.commitOffsets([{ topic, partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1) }])
      for (const message of batch.messages) {
        resolveOffset(message.offset)
        seen.records.push(`in ${batch.partition}: ${message.value}`)
      }
    }
  })
  seen.leave = () => consumer.disconnect()
  return seen
}

async function eager(bootstrap) {
  const topic = await create(bootstrap, 'group-eager', PARTITIONS)
  const members = [await start(bootstrap, topic)]
  try {
    await shareEqually(members)
    members.push(await start(bootstrap, topic), await start(bootstrap, topic))
    await shareEqually(members)
    expect('that the first member joined again', true, members[0].joins > 1)
    await consumeOnce(bootstrap, topic, members, 'with three members')
    await members.pop().leave()
    await shareEqually(members)
    await consumeOnce(bootstrap, topic, members, 'with two members')
  } finally {
    for (const member of members) await member.leave()
  }
}

/** A member that has ended fails it at once, and the rest is told of each. */
function eventuallyOf(members, what, probe) {
  const state = ({ share, joins, records }) => `[${share}] after ${joins} joins and ${records.length} records`
  return eventually(what, () => {
    const ended = members.find((member) => member.ended)
    if (ended) throw ended.ended
    return probe()
  }, () => members.map(state).join('; '))
}

function shareEqually(members) {
  return eventuallyOf(members, `equal shares for ${members.length}`, () => {
    const equal = members.every((member) => member.share.length === PARTITIONS / members.length)
    const together = members.flatMap((member) => member.share).sort()
    return equal && String(together) === String(EVERY)
  })
}

/** New records reach exactly one member each. */
async function consumeOnce(bootstrap, topic, members, when) {
  const before = members.map((member) => member.records.length)
  const messages = Array.from({ length: 10 * PARTITIONS }, (_, i) => ({ partition: i % PARTITIONS, value: `${when} ${i}` }))
  await send(bootstrap, topic, messages)
  const consumed = () => members.flatMap((member, i) => member.records.slice(before[i]))
  await eventuallyOf(members, `records consumed ${when}`, () => consumed().length >= messages.length)
  expect(`records consumed ${when}`, messages.map(({ partition, value }) => `in ${partition}: ${value}`).sort(), consumed().sort())
}
