// Where a consumer starts, and how a group remembers.
import { create, member, numbered, numbers, read, send, sendNumbers, using, values, withAdmin } from './session.mjs'
import { eventually, expect } from './protocol.mjs'

export const reading = {
  'from-beginning': fromBeginning,
  'from-end': fromEnd,
  'from-offset': fromOffset,
  'from-timestamp': fromTimestamp,
  'offsets-commit': offsetsCommit,
  'offsets-reset': offsetsReset
}

async function fromBeginning(bootstrap) {
  const topic = await numbered(bootstrap, 'from-beginning')
  expect('the records', numbers(0, 10), values(await read(bootstrap, topic, 10)))
}

async function fromEnd(bootstrap) {
  const topic = await numbered(bootstrap, 'from-end')
  const seen = []
  await using(member(bootstrap, topic), async (consumer) => {
    await consumer.subscribe({ topics: [topic], fromBeginning: false })
    await consumer.run({ eachMessage: async ({ message }) => { seen.push(message) } })
    // The client does not say when it has found the end, so records are sent until one is seen.
    let next = 10
    await eventually('a first record', async () => {
      await sendNumbers(bootstrap, topic, next, ++next)
      return seen.length > 0
    })
    await sendNumbers(bootstrap, topic, next, next + 5)
    const first = Number(seen[0].offset)
    expect('the first record, sent after the start', true, first >= 10)
    await eventually('the rest', () => seen.length >= next + 5 - first)
    expect('the records', numbers(first, next + 5), values(seen))
  })
}

async function fromOffset(bootstrap) {
  const topic = await numbered(bootstrap, 'from-offset')
  const got = await read(bootstrap, topic, 3, { from: '7' })
  // What was fetched before the seek may come first.
  expect('the last records', numbers(7, 10), values(got.slice(-3)))
}

async function fromTimestamp(bootstrap) {
  const topic = await create(bootstrap, 'from-timestamp')
  const base = Date.now() - 3_600_000
  const times = Array.from({ length: 10 }, (_, i) => String(base + 1000 * i))
  await send(bootstrap, topic, times.map((timestamp) => ({ value: 'v', timestamp })))
  await withAdmin(bootstrap, async (admin) => {
    const offset = async (time) => (await admin.fetchTopicOffsetsByTimestamp(topic, time))[0].offset
    expect('a time between two records', '5', await offset(base + 4500))
    expect("a record's own time", '5', await offset(base + 5000))
    expect('a time before the first', '0', await offset(base - 1))
    expect('a time after the last, so the end', '10', await offset(base + 9001))
  })
  const got = await read(bootstrap, topic, 10)
  expect('the timestamps', times, got.map((record) => record.timestamp))
}

/** Reads as a member of the group named like the topic, and commits after `count` records. */
function readAsMember(bootstrap, topic, count) {
  const seen = []
  return using(member(bootstrap, topic), async (consumer) => {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (seen.length >= count) return
        seen.push(String(message.value))
        if (seen.length === count) {
          await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1), metadata: 'a note' }])
          seen.committed = true
        }
      }
    })
    await eventually(`${count} records and a commit`, () => seen.committed)
    return [...seen]
  })
}

async function committed(bootstrap, topic) {
  const [{ partitions }] = await withAdmin(bootstrap, (admin) => admin.fetchOffsets({ groupId: topic, topics: [topic] }))
  return [partitions[0].offset, partitions[0].metadata]
}

async function offsetsCommit(bootstrap) {
  const topic = await numbered(bootstrap, 'offsets-commit')
  expect('the offset before any commit', '-1', (await committed(bootstrap, topic))[0])
  expect('the first four', numbers(0, 4), await readAsMember(bootstrap, topic, 4))
  expect('offset and note', ['4', 'a note'], await committed(bootstrap, topic))
  expect('where the next member starts', numbers(4, 10), await readAsMember(bootstrap, topic, 6))
}

async function offsetsReset(bootstrap) {
  const topic = await numbered(bootstrap, 'offsets-reset')
  await readAsMember(bootstrap, topic, 10)
  expect('the offset before', '10', (await committed(bootstrap, topic))[0])
  await withAdmin(bootstrap, (admin) => admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '3' }] }))
  expect('where the next member starts', numbers(3, 10), await readAsMember(bootstrap, topic, 7))
}
