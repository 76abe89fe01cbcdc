package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/harness"
)

var groups = map[string]func(*harness.T){
	"group-eager":       func(t *harness.T) { group(t, "group-eager", kgo.RoundRobinBalancer()).Eager(t) },
	"group-cooperative": func(t *harness.T) { group(t, "group-cooperative", kgo.CooperativeStickyBalancer()).Cooperative(t) },
	"group-static":      func(t *harness.T) { group(t, "group-static", kgo.RangeBalancer()).Static(t) },
}

func group(t *harness.T, name string, balancer kgo.GroupBalancer) harness.Group {
	topic := create(t, name, harness.Partitions)
	return harness.Group{
		Produce: func(values map[int32][]string) {
			var out []*kgo.Record
			for partition, texts := range values {
				for _, text := range texts {
					out = append(out, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(text)})
				}
			}
			send(t, out)
		},
		Start: func(seen *harness.Seen, seat string) func() {
			assigned := func(_ context.Context, _ *kgo.Client, topics map[string][]int32) { seen.Assigned(topics[topic]) }
			revoked := func(_ context.Context, _ *kgo.Client, topics map[string][]int32) { seen.Revoked(topics[topic]) }
			options := []kgo.Opt{kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.Balancers(balancer), kgo.DisableAutoCommit(),
				kgo.ConsumeResetOffset(atStart()), kgo.HeartbeatInterval(500 * time.Millisecond),
				kgo.OnPartitionsAssigned(assigned), kgo.OnPartitionsRevoked(revoked), kgo.OnPartitionsLost(revoked)}
			if seat != "" {
				options = append(options, kgo.InstanceID(seat), kgo.SessionTimeout(6*time.Second))
			}
			consumer := client(t, options...)
			done := make(chan struct{})
			go consume(consumer, seen, done)
			return func() { consumer.Close(); <-done }
		},
	}
}

// consume polls and commits until the client is closed, or a commit fails: what was polled with it would not come again.
func consume(consumer *kgo.Client, seen *harness.Seen, done chan<- struct{}) {
	defer close(done)
	for {
		fetches := consumer.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return
		}
		fetches.EachError(func(_ string, partition int32, err error) {
			fmt.Fprintln(os.Stderr, "a fetch of", partition, "failed:", err)
		})
		records := fetches.Records()
		if err := consumer.CommitRecords(context.Background(), records...); err != nil {
			seen.Ended(fmt.Errorf("a commit failed: %w", err))
			return
		}
		for _, record := range records {
			seen.Consumed(record.Partition, record.Offset, string(record.Value))
		}
	}
}
