package main

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/harness"
)

// client returns a client that is closed by the caller. Records go to the partition that they name.
func client(t *harness.T, options ...kgo.Opt) *kgo.Client {
	common := []kgo.Opt{kgo.SeedBrokers(t.Bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner())}
	made, err := kgo.NewClient(append(common, options...)...)
	t.Must(err)
	return made
}

// withAdmin lends an admin client.
func withAdmin(t *harness.T, use func(*kadm.Client)) {
	admin := kadm.NewClient(client(t))
	defer admin.Close()
	use(admin)
}

// create makes a topic of this family and returns its name. Settings are names and values by turns.
func create(t *harness.T, name string, partitions int32, settings ...string) string {
	topic := "franz-go-" + name
	configs := map[string]*string{}
	for i := 0; i < len(settings); i += 2 {
		configs[settings[i]] = kadm.StringPtr(settings[i+1])
	}
	withAdmin(t, func(admin *kadm.Client) {
		_, err := admin.CreateTopic(t.Context, partitions, 1, configs, topic)
		t.Must(err)
	})
	return topic
}

// send sends the records and returns the acknowledged offsets, in order.
func send(t *harness.T, records []*kgo.Record, options ...kgo.Opt) (offsets []int64) {
	producer := client(t, options...)
	defer producer.Close()
	results := producer.ProduceSync(t.Context, records...)
	t.Must(results.FirstErr())
	for _, record := range records {
		offsets = append(offsets, record.Offset)
	}
	return offsets
}

// read returns the next count records of one partition from an offset. More than asked is returned too, so that it is seen.
func read(t *harness.T, topic string, partition int32, from kgo.Offset, count int) []*kgo.Record {
	consumer := client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: from}}))
	defer consumer.Close()
	return take(t, consumer, count)
}

func take(t *harness.T, consumer *kgo.Client, count int) (records []*kgo.Record) {
	ctx, cancel := context.WithTimeout(t.Context, harness.Patience)
	defer cancel()
	for len(records) < count {
		fetches := consumer.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fail("%d records, expected within %v, got %d", count, harness.Patience, len(records))
		}
		var rejoins *kgo.ErrGroupSession
		if err := fetches.Err(); err != nil && !errors.As(err, &rejoins) { // the client goes on after a lost session
			t.Must(err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

func atStart() kgo.Offset { return kgo.NewOffset().AtStart() }

// numbered makes a topic with the records 0 to count-1.
func numbered(t *harness.T, name string, count int) string {
	topic := create(t, name, 1)
	sendNumbers(t, topic, 0, count)
	return topic
}

func sendNumbers(t *harness.T, topic string, from, to int) {
	var records []*kgo.Record
	for _, number := range numbers(from, to) {
		records = append(records, &kgo.Record{Topic: topic, Value: []byte(number)})
	}
	send(t, records)
}

func numbers(from, to int) (texts []string) {
	for i := from; i < to; i++ {
		texts = append(texts, strconv.Itoa(i))
	}
	return texts
}

func values(records []*kgo.Record) (texts []string) {
	for _, record := range records {
		texts = append(texts, string(record.Value))
	}
	return texts
}

// anHourAgo is a time that a record may carry without being old enough for retention.
func anHourAgo() time.Time {
	return time.Now().Add(-time.Hour).Truncate(time.Millisecond)
}
