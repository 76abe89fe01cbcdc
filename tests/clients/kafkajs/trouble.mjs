// Records deleted under a reader's feet, and a broker killed under a producer's and a consumer's.
import { create, numbered, numbers, producer, read, reading, using, values, withAdmin } from './session.mjs'
import { eventually, expect, restartBroker } from './protocol.mjs'

export const trouble = { 'delete-records': deleteRecords, restart }

async function deleteRecords(bootstrap) {
  const topic = await numbered(bootstrap, 'delete-records')
  await withAdmin(bootstrap, async (admin) => {
    await admin.fetchTopicOffsets(topic) // without it this client does not know the topic
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] })
    const [{ low, high }] = await admin.fetchTopicOffsets(topic)
    expect('the beginning and the end', ['6', '10'], [low, high])
  })
  expect('the records left', numbers(6, 10), values(await read(bootstrap, topic, 4)))
}

async function restart(bootstrap) {
  const topic = await create(bootstrap, 'restart')
  await using(producer(bootstrap, { idempotent: true, maxInFlightRequests: 1 }), (producer) =>
    reading(bootstrap, topic, { group: topic }, async (records) => {
      const stream = { acknowledged: 0, stopping: false }
      stream.ended = produce(producer, topic, stream)
      await eventually('records before the restart', () => records.length >= 200)
      await restartBroker()
      const after = stream.acknowledged + 200
      await eventually('records acknowledged by the new broker', () => stream.acknowledged > after)
      stream.stopping = true
      const count = await stream.ended
      // This client resumes at the committed offset, so it may see a record twice; it must miss none.
      const seen = () => new Map(records.map((record) => [Number(record.offset), String(record.value)]))
      await eventually('every record consumed', () => seen().size >= count)
      expect('what the consumer saw across the restart', numbers(0, count), [...seen()].sort(([a], [b]) => a - b).map(([, value]) => value))
      expect('what the log holds', numbers(0, count), values(await read(bootstrap, topic, count)))
    }))
}

/** Sends numbers, always with one request under way, until it is told to stop; returns how many. */
async function produce(producer, topic, stream) {
  while (!stream.stopping) {
    const messages = numbers(stream.acknowledged, stream.acknowledged + 5).map((value) => ({ value, partition: 0 }))
    const [answer] = await producer.send({ topic, messages })
    expect('the acknowledged offset', String(stream.acknowledged), answer.baseOffset)
    stream.acknowledged += messages.length
  }
  return stream.acknowledged
}
