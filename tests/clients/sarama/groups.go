package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"

	"millrace/harness"
)

var groups = map[string]func(*harness.T){
	"group-eager": func(t *harness.T) { group(t, "group-eager", sarama.NewBalanceStrategyRoundRobin()).Eager(t) },
	"group-cooperative": func(t *harness.T) {
		group(t, "group-cooperative", sarama.NewBalanceStrategyCooperativeSticky()).Cooperative(t)
	},
	"group-static": func(t *harness.T) { group(t, "group-static", sarama.NewBalanceStrategyRange()).Static(t) },
}

func group(t *harness.T, name string, strategy sarama.BalanceStrategy) harness.Group {
	topic := create(t, name, harness.Partitions)
	return harness.Group{
		Produce: func(values map[int32][]string) {
			var out []*sarama.ProducerMessage
			for partition, texts := range values {
				for _, text := range texts {
					out = append(out, &sarama.ProducerMessage{Topic: topic, Partition: partition, Value: sarama.StringEncoder(text)})
				}
			}
			send(t, out, config())
		},
		Start: func(seen *harness.Seen, seat string) func() {
			config := config()
			config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
			config.Consumer.Group.Session.Timeout = 30 * time.Second
			config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
			if seat != "" {
				config.Consumer.Group.InstanceId = seat
				config.Consumer.Group.Session.Timeout = 6 * time.Second
			}
			group, err := sarama.NewConsumerGroup([]string{t.Bootstrap}, topic, config)
			t.Must(err)
			ctx, leave := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() {
				defer close(done)
				for ctx.Err() == nil {
					if err := group.Consume(ctx, []string{topic}, member{seen}); err != nil {
						fmt.Fprintln(os.Stderr, "a session ended:", err)
					}
				}
			}()
			return func() {
				leave()
				<-done
				group.Close()
			}
		},
	}
}

// member consumes each claim for as long as it has it, and commits every record.
type member struct {
	seen *harness.Seen
}

func (m member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (m member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (m member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	m.seen.Assigned([]int32{claim.Partition()})
	defer m.seen.Revoked([]int32{claim.Partition()})
	for message := range claim.Messages() {
		session.MarkMessage(message, "")
		session.Commit()
		m.seen.Consumed(message.Partition, message.Offset, string(message.Value))
	}
	return nil
}
