// Topics, settings, cluster and groups, by the admin client.
import kafkajs from 'kafkajs'
import { create, read, send, withAdmin } from './session.mjs'
import { eventually, expect } from './protocol.mjs'

const { ConfigResourceTypes, ConfigSource } = kafkajs

export const admin = {
  'admin-topics': topics,
  'admin-partitions': partitions,
  'admin-config': config,
  'admin-cluster': cluster,
  'admin-log-dirs': 'kafkajs has no request for log directories',
  'admin-groups': groups
}

async function topics(bootstrap) {
  const topic = await create(bootstrap, 'admin-topics', 3)
  await withAdmin(bootstrap, async (admin) => {
    expect('the topic in the list', true, (await admin.listTopics()).includes(topic))
    const described = (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions
    expect('partition, replicas and in-sync replicas', ['0 1 1', '1 1 1', '2 1 1'],
      described.map((each) => `${each.partitionId} ${each.replicas.length} ${each.isr.length}`).sort())
    expect('creating it again', false, await admin.createTopics({ topics: [{ topic }] }))
    await admin.deleteTopics({ topics: [topic] })
    await eventually('the topic gone', async () => !(await admin.listTopics()).includes(topic))
  })
}

async function partitions(bootstrap) {
  const topic = await create(bootstrap, 'admin-partitions')
  await withAdmin(bootstrap, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }))
  await send(bootstrap, topic, [{ partition: 2, value: 'to the new one' }])
  const [record] = await read(bootstrap, topic, 1)
  expect('the record in the new partition', [2, 'to the new one'], [record.partition, String(record.value)])
}

async function config(bootstrap) {
  const topic = await create(bootstrap, 'admin-config', 1, { 'cleanup.policy': 'compact' })
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  await withAdmin(bootstrap, async (admin) => {
    const setting = async (configName) => {
      const answer = await admin.describeConfigs({ resources: [{ ...resource, configNames: [configName] }] })
      const [{ configValue, configSource }] = answer.resources[0].configEntries
      return [configValue, configSource]
    }
    const alter = (...configEntries) => admin.alterConfigs({ resources: [{ ...resource, configEntries }] })
    const is = (expected, name) => async () => String(await setting(name)) === String(expected)
    expect('a setting given at creation', ['compact', ConfigSource.TOPIC_CONFIG], await setting('cleanup.policy'))
    expect('the default', ['604800000', ConfigSource.DEFAULT_CONFIG], await setting('retention.ms'))
    await alter({ name: 'retention.ms', value: '3600000' })
    await eventually('the new value', is(['3600000', ConfigSource.TOPIC_CONFIG], 'retention.ms'))
    expect('a setting that the old-style change left out', ['delete', ConfigSource.DEFAULT_CONFIG], await setting('cleanup.policy'))
    await alter({ name: 'cleanup.policy', value: 'compact' })
    await eventually('the default again', is(['604800000', ConfigSource.DEFAULT_CONFIG], 'retention.ms'))
  })
}

async function cluster(bootstrap) {
  const described = await withAdmin(bootstrap, (admin) => admin.describeCluster())
  expect('a cluster id', true, Boolean(described.clusterId))
  expect('the brokers', [bootstrap], described.brokers.map((broker) => `${broker.host}:${broker.port}`))
  expect('the controller', described.brokers[0].nodeId, described.controller)
}

async function groups(bootstrap) {
  const topic = await create(bootstrap, 'admin-groups')
  const groupId = 'kafkajs-admin-groups'
  await withAdmin(bootstrap, async (admin) => {
    const listed = async () => (await admin.listGroups()).groups.some((group) => group.groupId === groupId)
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '0' }] })
    expect('the group in the list', true, await listed())
    const [described] = (await admin.describeGroups([groupId])).groups
    expect('its state and members', ['Empty', []], [described.state, described.members])
    const [deleted] = await admin.deleteGroups([groupId])
    expect('deleting it', [groupId, 0], [deleted.groupId, deleted.errorCode ?? 0])
    expect('the group in the list', false, await listed())
  })
}
