// What is sent comes back: codecs, acks, idempotence, and the odd shapes of a record.
import kafkajs from 'kafkajs'
import { create, numbers, producer, read, send, using, values } from './session.mjs'
import { expect, refusal } from './protocol.mjs'

const { CompressionTypes } = kafkajs
const VALUES = Array.from({ length: 200 }, (_, i) => `${String(i).padStart(5, '0')} ${'the mill turns '.repeat(20)}`)
const needsPlugin = 'kafkajs brings no such codec; it needs a plugin'

export const records = {
  'codec-none': (bootstrap) => roundTrip(bootstrap, 'codec-none', { compression: CompressionTypes.None }),
  'codec-gzip': (bootstrap) => roundTrip(bootstrap, 'codec-gzip', { compression: CompressionTypes.GZIP }),
  'codec-snappy': needsPlugin,
  'codec-lz4': needsPlugin,
  'codec-zstd': needsPlugin,
  'acks-0': (bootstrap) => roundTrip(bootstrap, 'acks-0', { acks: 0 }),
  'acks-1': async (bootstrap) => acknowledged(await roundTrip(bootstrap, 'acks-1', { acks: 1 })),
  'acks-all': async (bootstrap) => acknowledged(await roundTrip(bootstrap, 'acks-all', { acks: -1 })),
  idempotence,
  headers,
  'null-key': async (bootstrap) => {
    await keyAndValue(bootstrap, 'null-key', null, 'v')
    await keyAndValue(bootstrap, 'null-key-empty', '', 'v')
  },
  'null-value': (bootstrap) => keyAndValue(bootstrap, 'null-value', 'k', null),
  'empty-value': (bootstrap) => keyAndValue(bootstrap, 'empty-value', 'k', ''),
  'large-record': largeRecord,
  'oversized-record': oversizedRecord
}

const text = (bytes) => (bytes === null ? null : String(bytes))

/** Sends VALUES in one request to one partition and reads them back; returns the answer. */
async function roundTrip(bootstrap, name, how) {
  const topic = await create(bootstrap, name)
  const answer = await send(bootstrap, topic, VALUES.map((value) => ({ key: value.slice(0, 5), value })), how)
  const got = await read(bootstrap, topic, VALUES.length)
  expect('the offsets', numbers(0, VALUES.length), got.map((record) => record.offset))
  expect('keys and values', VALUES.map((value) => [value.slice(0, 5), value]), got.map((record) => [text(record.key), text(record.value)]))
  return answer
}

function acknowledged(answer) {
  expect('the acknowledged partition and base offset', [[0, 0, '0']], answer.map((each) => [each.partition, each.errorCode, each.baseOffset]))
}

async function idempotence(bootstrap) {
  const topic = await create(bootstrap, 'idempotence', 3)
  await using(producer(bootstrap, { idempotent: true, maxInFlightRequests: 1 }), async (producer) => {
    for (let from = 0; from < 1500; from += 15) {
      await producer.send({ topic, messages: numbers(from, from + 15).map((value) => ({ value, partition: value % 3 })) })
    }
  })
  const got = await read(bootstrap, topic, 1500)
  for (const partition of [0, 1, 2]) {
    expect(`the records of partition ${partition}`, numbers(0, 1500).filter((number) => number % 3 === partition),
      values(got.filter((record) => record.partition === partition)))
  }
}

async function oneRecord(bootstrap, name, message) {
  const topic = await create(bootstrap, name)
  await send(bootstrap, topic, [message])
  const got = await read(bootstrap, topic, 1)
  expect('the number of records', 1, got.length)
  return got[0]
}

async function headers(bootstrap) {
  // An object of headers has no null values and keeps repeated names together.
  const sent = { first: '1', twice: ['a', 'b'], empty: '', 'm\u00fchle': 'r\u00e4der' }
  const got = (await oneRecord(bootstrap, 'headers', { value: 'v', headers: sent })).headers
  const readable = Object.fromEntries(Object.entries(got).map(([name, value]) => [name, Array.isArray(value) ? value.map(text) : text(value)]))
  expect('the headers', sent, readable)
}

async function keyAndValue(bootstrap, name, key, value) {
  const got = await oneRecord(bootstrap, name, { key, value })
  expect('key and value', [key, value], [text(got.key), text(got.value)])
}

async function largeRecord(bootstrap) {
  const value = Buffer.from(Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251))
  expect('the large record whole', true, value.equals((await oneRecord(bootstrap, 'large-record', { value })).value))
}

async function oversizedRecord(bootstrap) {
  const topic = await create(bootstrap, 'oversized-record', 1, { 'max.message.bytes': '10000' })
  await using(producer(bootstrap), async (producer) => {
    const error = await refusal(producer.send({ topic, messages: [{ partition: 0, value: 'x'.repeat(20_000) }] }))
    expect('the refusal', 'MESSAGE_TOO_LARGE', error.type)
    const [next] = await producer.send({ topic, messages: [{ partition: 0, value: 'small' }] })
    expect('the offset of the next record', '0', next.baseOffset)
  })
  expect('what arrived', ['small'], values(await read(bootstrap, topic, 1)))
}
