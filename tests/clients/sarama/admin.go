package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/IBM/sarama"

	"millrace/harness"
)

var admin = map[string]func(*harness.T){
	"admin-topics":     adminTopics,
	"admin-partitions": adminPartitions,
	"admin-config":     adminConfig,
	"admin-cluster":    adminCluster,
	"admin-log-dirs":   adminLogDirs,
	"admin-groups":     adminGroups,
}

func adminTopics(t *harness.T) {
	topic := create(t, "admin-topics", 3)
	withAdmin(t, func(admin sarama.ClusterAdmin) {
		described, err := admin.DescribeTopics([]string{topic})
		t.Must(err)
		var partitions []string
		for _, each := range described[0].Partitions {
			partitions = append(partitions, fmt.Sprint(each.ID, len(each.Replicas), len(each.Isr)))
		}
		slices.Sort(partitions)
		t.Expect("partition, replicas and in-sync replicas", []string{"0 1 1", "1 1 1", "2 1 1"}, partitions)
		err = admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false)
		t.Expect("a second topic of that name", true, errors.Is(err, sarama.ErrTopicAlreadyExists))
		t.Must(admin.DeleteTopic(topic))
		t.Eventually("the topic gone", func() bool {
			topics, err := admin.ListTopics()
			t.Must(err)
			_, found := topics[topic]
			return !found
		})
	})
}

func adminPartitions(t *harness.T) {
	topic := create(t, "admin-partitions", 1)
	withAdmin(t, func(admin sarama.ClusterAdmin) { t.Must(admin.CreatePartitions(topic, 3, nil, false)) })
	send(t, []*sarama.ProducerMessage{{Topic: topic, Partition: 2, Value: sarama.StringEncoder("to the new one")}}, config())
	t.Expect("the record in the new partition", []string{"to the new one"}, values(read(t, topic, 2, sarama.OffsetOldest, 1)))
}

func adminConfig(t *harness.T) {
	topic := create(t, "admin-config", 1, "cleanup.policy", "compact")
	withAdmin(t, func(admin sarama.ClusterAdmin) {
		setting := func(name string) string {
			entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{name}})
			t.Must(err)
			t.Expect("the number of settings answered", 1, len(entries))
			return entries[0].Value + " " + entries[0].Source.String()
		}
		alter := func(operation sarama.IncrementalAlterConfigsOperation, value *string) {
			change := map[string]sarama.IncrementalAlterConfigsEntry{"retention.ms": {Operation: operation, Value: value}}
			t.Must(admin.IncrementalAlterConfig(sarama.TopicResource, topic, change, false))
		}
		t.Expect("a setting given at creation", "compact Topic", setting("cleanup.policy"))
		t.Expect("the default", "604800000 Default", setting("retention.ms"))
		hour := "3600000"
		alter(sarama.IncrementalAlterConfigsOperationSet, &hour)
		t.Eventually("the new value", func() bool { return setting("retention.ms") == "3600000 Topic" })
		alter(sarama.IncrementalAlterConfigsOperationDelete, nil)
		t.Eventually("the default again", func() bool { return setting("retention.ms") == "604800000 Default" })
	})
}

func adminCluster(t *harness.T) {
	withAdmin(t, func(admin sarama.ClusterAdmin) {
		brokers, controller, err := admin.DescribeCluster()
		t.Must(err)
		t.Expect("the number of brokers", 1, len(brokers))
		t.Expect("the broker", t.Bootstrap, brokers[0].Addr())
		t.Expect("the controller", brokers[0].ID(), controller)
		if connected, _ := brokers[0].Connected(); !connected {
			t.Must(brokers[0].Open(config()))
		}
		metadata, err := brokers[0].GetMetadata(sarama.NewMetadataRequest(sarama.MaxVersion, []string{}))
		t.Must(err)
		t.Expect("a cluster id", true, metadata.ClusterID != nil && *metadata.ClusterID != "")
	})
}

func adminLogDirs(t *harness.T) {
	topic := create(t, "admin-log-dirs", 1)
	send(t, []*sarama.ProducerMessage{{Topic: topic, Value: sarama.ByteEncoder(make([]byte, 5000))}}, config())
	withAdmin(t, func(admin sarama.ClusterAdmin) {
		brokers, _, err := admin.DescribeCluster()
		t.Must(err)
		directories, err := admin.DescribeLogDirs([]int32{brokers[0].ID()})
		t.Must(err)
		var size int64
		for _, directory := range directories[brokers[0].ID()] {
			for _, each := range directory.Topics {
				if each.Topic == topic {
					size += each.Partitions[0].Size
				}
			}
		}
		t.Expect("the replica's bytes, 5000 and a little", true, 5000 < size && size < 5200)
	})
}

func adminGroups(t *harness.T) {
	kept, forgotten := create(t, "admin-groups-kept", 1), create(t, "admin-groups-forgotten", 1)
	group := "sarama-admin-groups"
	withAdmin(t, func(admin sarama.ClusterAdmin) {
		listed := func() bool {
			groups, err := admin.ListConsumerGroups()
			t.Must(err)
			_, found := groups[group]
			return found
		}
		commit(t, admin, group, kept, 0, "note")
		commit(t, admin, group, forgotten, 0, "")
		t.Expect("the group in the list", true, listed())
		described, err := admin.DescribeConsumerGroups([]string{group})
		t.Must(err)
		t.Expect("its state and members", "Empty 0", fmt.Sprint(described[0].State, " ", len(described[0].Members)))
		t.Must(admin.DeleteConsumerGroupOffset(group, forgotten, 0))
		left, err := admin.ListConsumerGroupOffsets(group, nil)
		t.Must(err)
		t.Expect("an offset left and none forgotten", []bool{true, false}, []bool{left.GetBlock(kept, 0) != nil, left.GetBlock(forgotten, 0) != nil})
		t.Expect("the offset left", "0 note", committed(t, admin, group, kept))
		t.Must(admin.DeleteConsumerGroup(group))
		t.Expect("the group in the list", false, listed())
	})
}

// commit sets the offset of partition 0 for a group without members.
func commit(t *harness.T, admin sarama.ClusterAdmin, group, topic string, offset int64, note string) {
	offsets := map[string]map[int32]sarama.OffsetAndMetadata{topic: {0: {Offset: offset, Metadata: note, LeaderEpoch: -1}}}
	t.Eventually("an accepted commit", func() bool { // a new coordinator may still be loading
		answer, err := admin.AlterConsumerGroupOffsets(group, offsets, nil)
		t.Must(err)
		return answer.Errors[topic][0] == sarama.ErrNoError
	})
}

// committed tells offset and note of partition 0.
func committed(t *harness.T, admin sarama.ClusterAdmin, group, topic string) string {
	offsets, err := admin.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}})
	t.Must(err)
	block := offsets.GetBlock(topic, 0)
	return fmt.Sprint(block.Offset, " ", block.Metadata)
}
