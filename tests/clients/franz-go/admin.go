package main

import (
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

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
	withAdmin(t, func(admin *kadm.Client) {
		topics, err := admin.ListTopics(t.Context, topic)
		t.Must(err)
		var partitions []string
		for _, each := range topics[topic].Partitions.Sorted() {
			partitions = append(partitions, fmt.Sprint(each.Partition, len(each.Replicas), len(each.ISR)))
		}
		t.Expect("partition, replicas and in-sync replicas", []string{"0 1 1", "1 1 1", "2 1 1"}, partitions)
		t.Expect("a topic id", false, topics[topic].ID == kadm.TopicID{})
		_, err = admin.CreateTopic(t.Context, 1, 1, nil, topic)
		t.Expect("a second topic of that name", true, errors.Is(err, kerr.TopicAlreadyExists))
		_, err = admin.DeleteTopic(t.Context, topic)
		t.Must(err)
		t.Eventually("the topic gone", func() bool {
			topics, err := admin.ListTopics(t.Context)
			t.Must(err)
			return !topics.Has(topic)
		})
	})
}

func adminPartitions(t *harness.T) {
	topic := create(t, "admin-partitions", 1)
	withAdmin(t, func(admin *kadm.Client) {
		_, err := admin.UpdatePartitions(t.Context, 3, topic)
		t.Must(err)
	})
	send(t, []*kgo.Record{{Topic: topic, Partition: 2, Value: []byte("to the new one")}})
	t.Expect("the record in the new partition", []string{"to the new one"}, values(read(t, topic, 2, atStart(), 1)))
}

func adminConfig(t *harness.T) {
	topic := create(t, "admin-config", 1, "cleanup.policy", "compact")
	withAdmin(t, func(admin *kadm.Client) {
		setting := func(name string) string {
			configs, err := admin.DescribeTopicConfigs(t.Context, topic)
			t.Must(err)
			for _, config := range configs[0].Configs {
				if config.Key == name {
					return fmt.Sprint(config.MaybeValue(), " ", config.Source)
				}
			}
			return "nothing of that name"
		}
		alter := func(op kadm.IncrementalOp, value *string) {
			answers, err := admin.AlterTopicConfigs(t.Context, []kadm.AlterConfig{{Op: op, Name: "retention.ms", Value: value}}, topic)
			t.Must(err)
			t.Must(answers[0].Err)
		}
		t.Expect("a setting given at creation", "compact DYNAMIC_TOPIC_CONFIG", setting("cleanup.policy"))
		t.Expect("the default", "604800000 DEFAULT_CONFIG", setting("retention.ms"))
		alter(kadm.SetConfig, kadm.StringPtr("3600000"))
		t.Eventually("the new value", func() bool { return setting("retention.ms") == "3600000 DYNAMIC_TOPIC_CONFIG" })
		alter(kadm.DeleteConfig, nil)
		t.Eventually("the default again", func() bool { return setting("retention.ms") == "604800000 DEFAULT_CONFIG" })
	})
}

func adminCluster(t *harness.T) {
	withAdmin(t, func(admin *kadm.Client) {
		cluster, err := admin.BrokerMetadata(t.Context)
		t.Must(err)
		t.Expect("a cluster id", true, cluster.Cluster != "")
		t.Expect("the number of brokers", 1, len(cluster.Brokers))
		broker := cluster.Brokers[0]
		t.Expect("the broker", t.Bootstrap, fmt.Sprintf("%s:%d", broker.Host, broker.Port))
		t.Expect("the controller", broker.NodeID, cluster.Controller)
	})
}

func adminLogDirs(t *harness.T) {
	topic := create(t, "admin-log-dirs", 1)
	send(t, []*kgo.Record{{Topic: topic, Value: make([]byte, 5000)}}, kgo.ProducerBatchCompression(kgo.NoCompression()))
	withAdmin(t, func(admin *kadm.Client) {
		wanted := kadm.TopicsSet{}
		wanted.Add(topic, 0)
		brokers, err := admin.DescribeAllLogDirs(t.Context, wanted)
		t.Must(err)
		t.Expect("brokers that answer", 1, len(brokers))
		for _, directories := range brokers {
			replica, found := directories.LookupPartition(topic, 0)
			t.Expect("the replica, of 5000 bytes and a little", true, found && 5000 < replica.Size && replica.Size < 5200)
		}
	})
}

func adminGroups(t *harness.T) {
	kept, forgotten := create(t, "admin-groups-kept", 1), create(t, "admin-groups-forgotten", 1)
	group := "franz-go-admin-groups"
	withAdmin(t, func(admin *kadm.Client) {
		listed := func() bool {
			groups, err := admin.ListGroups(t.Context)
			t.Must(err)
			_, found := groups[group]
			return found
		}
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: kept, At: 0, LeaderEpoch: -1, Metadata: "note"})
		offsets.Add(kadm.Offset{Topic: forgotten, At: 0, LeaderEpoch: -1})
		t.Must(admin.CommitAllOffsets(t.Context, group, offsets))
		t.Expect("the group in the list", true, listed())
		described, err := admin.DescribeGroups(t.Context, group)
		t.Must(err)
		t.Expect("its state", "Empty", described[group].State)
		t.Expect("its members", 0, len(described[group].Members))
		forget := kadm.TopicsSet{}
		forget.Add(forgotten, 0)
		_, err = admin.DeleteOffsets(t.Context, group, forget)
		t.Must(err)
		left, err := admin.FetchOffsets(t.Context, group)
		t.Must(err)
		t.Expect("the number of offsets left", 1, len(left.Sorted()))
		t.Expect("the offset left", kept+" 0 note", fmt.Sprint(left.Sorted()[0].Topic, " ", left.Sorted()[0].At, " ", left.Sorted()[0].Metadata))
		_, err = admin.DeleteGroup(t.Context, group)
		t.Must(err)
		t.Expect("the group in the list", false, listed())
	})
}
