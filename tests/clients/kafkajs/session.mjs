// Short ways to admin, producer and consumer.
import kafkajs from 'kafkajs'
import { eventually } from './protocol.mjs'

const { Kafka, Partitioners, logLevel } = kafkajs
const patient = { initialRetryTime: 50, maxRetryTime: 500, retries: 200 }

export function kafka(bootstrap) {
  return new Kafka({ brokers: [bootstrap], clientId: 'kafkajs', logLevel: logLevel.WARN, retry: patient })
}

/** Lends a connected client of any kind. */
export async function using(client, use) {
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.disconnect()
  }
}

/** A member of a group. Its end waits for the fetch under way, so that one is short. */
export function member(bootstrap, groupId, options = {}) {
  return kafka(bootstrap).consumer({ groupId, maxWaitTimeInMs: 200, ...options })
}

export function withAdmin(bootstrap, use) {
  return using(kafka(bootstrap).admin(), use)
}

export function producer(bootstrap, options = {}) {
  return kafka(bootstrap).producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: patient, ...options })
}

/** Creates a topic of this family and returns its name. */
export async function create(bootstrap, name, numPartitions = 1, settings = {}) {
  const topic = `kafkajs-${name}`
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  await withAdmin(bootstrap, (admin) => admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions, configEntries }] }))
  return topic
}

/** Sends the messages, by default to partition 0, and returns what the broker acknowledged. */
export function send(bootstrap, topic, messages, how = {}, options = {}) {
  const placed = messages.map((message) => ({ partition: 0, ...message }))
  return using(producer(bootstrap, options), (producer) => producer.send({ topic, messages: placed, ...how }))
}

export function sendNumbers(bootstrap, topic, from, to) {
  return send(bootstrap, topic, numbers(from, to).map((value) => ({ value })))
}

/** A topic with the records 0 to 9. */
export async function numbered(bootstrap, name) {
  const topic = await create(bootstrap, name)
  await sendNumbers(bootstrap, topic, 0, 10)
  return topic
}

export function numbers(from, to) {
  return Array.from({ length: to - from }, (_, i) => String(from + i))
}

export function values(records) {
  return records.map((record) => String(record.value))
}

let readers = 0

/**
 * Lends the growing list of what a consumer gets. This client reads only as a member of a group, so each reader has a group of its own
 * unless one is given; `from` is an offset to start at instead of the group's.
 */
export async function reading(bootstrap, topic, { group, from }, use) {
  const consumer = member(bootstrap, group ?? `kafkajs-reader-${process.pid}-${readers++}`)
  return using(consumer, async () => {
    const records = []
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => { records.push({ ...message, partition }) }
    })
    await joined
    if (from !== undefined) consumer.seek({ topic, partition: 0, offset: from })
    return use(records, consumer)
  })
}

/** The next `count` records of a topic. More than asked is returned too, so that it is seen. */
export function read(bootstrap, topic, count, options = {}) {
  return reading(bootstrap, topic, options, async (records) => {
    await eventually(`${count} records`, () => records.length >= count)
    return records
  })
}
