package main

import (
	"strconv"
	"time"

	"github.com/IBM/sarama"

	"millrace/harness"
)

// config is what every client here starts from: the newest protocol, and records that name their partition.
func config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.MaxWaitTime = 100 * time.Millisecond                   // a consumer's end waits for the fetch under way,
	config.Consumer.Group.Rebalance.Retry.Backoff = 200 * time.Millisecond // and a join for this
	return config
}

// withAdmin lends an admin client.
func withAdmin(t *harness.T, use func(sarama.ClusterAdmin)) {
	admin, err := sarama.NewClusterAdmin([]string{t.Bootstrap}, config())
	t.Must(err)
	defer admin.Close()
	use(admin)
}

// create makes a topic of this family and returns its name. Settings are names and values by turns.
func create(t *harness.T, name string, partitions int32, settings ...string) string {
	topic := "sarama-" + name
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: map[string]*string{}}
	for i := 0; i < len(settings); i += 2 {
		detail.ConfigEntries[settings[i]] = &settings[i+1]
	}
	withAdmin(t, func(admin sarama.ClusterAdmin) { t.Must(admin.CreateTopic(topic, detail, false)) })
	return topic
}

// send sends the records and returns the acknowledged offsets, in order.
func send(t *harness.T, records []*sarama.ProducerMessage, config *sarama.Config) (offsets []int64) {
	client := connected(t, records, config)
	defer client.Close()
	producer, err := sarama.NewSyncProducerFromClient(client)
	t.Must(err)
	defer producer.Close()
	t.Must(producer.SendMessages(records))
	for _, record := range records {
		offsets = append(offsets, record.Offset)
	}
	return offsets
}

// connected returns a client whose connections to the leaders of these records stand. A producer of sarama 1.61 does not wait for them:
// what it sends too early fails, and it closes the connection under what was sent in time, which it then sends again. Without
// idempotence that is written twice.
func connected(t *harness.T, records []*sarama.ProducerMessage, config *sarama.Config) sarama.Client {
	client, err := sarama.NewClient([]string{t.Bootstrap}, config)
	t.Must(err)
	for _, record := range records {
		leader, err := client.Leader(record.Topic, record.Partition)
		t.Must(err)
		_, err = leader.Connected()
		t.Must(err)
	}
	return client
}

// read returns the next count records of one partition from an offset. More than asked is returned too, so that it is seen.
func read(t *harness.T, topic string, partition int32, from int64, count int) []*sarama.ConsumerMessage {
	consumer, err := sarama.NewConsumer([]string{t.Bootstrap}, config())
	t.Must(err)
	defer consumer.Close()
	partitionConsumer, err := consumer.ConsumePartition(topic, partition, from)
	t.Must(err)
	defer partitionConsumer.Close()
	return take(t, partitionConsumer.Messages(), count)
}

func take(t *harness.T, messages <-chan *sarama.ConsumerMessage, count int) (records []*sarama.ConsumerMessage) {
	patience := time.After(harness.Patience)
	for len(records) < count {
		select {
		case message := <-messages:
			records = append(records, message)
		case <-patience:
			t.Fail("%d records, expected within %v, got %d", count, harness.Patience, len(records))
		}
	}
	for more := time.After(50 * time.Millisecond); ; {
		select {
		case message := <-messages:
			records = append(records, message)
		case <-more:
			return records
		}
	}
}

// numbered makes a topic with the records 0 to count-1.
func numbered(t *harness.T, name string, count int) string {
	topic := create(t, name, 1)
	sendNumbers(t, topic, 0, count)
	return topic
}

func sendNumbers(t *harness.T, topic string, from, to int) {
	var records []*sarama.ProducerMessage
	for _, number := range numbers(from, to) {
		records = append(records, &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(number)})
	}
	send(t, records, config())
}

func numbers(from, to int) (texts []string) {
	for i := from; i < to; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}

func values(records []*sarama.ConsumerMessage) (texts []string) {
	for _, record := range records {
		texts = append(texts, string(record.Value))
	}
	return texts
}
