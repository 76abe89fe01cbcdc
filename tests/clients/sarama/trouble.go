package main

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"millrace/harness"
)

var trouble = map[string]func(*harness.T){
	"delete-records": deleteRecords,
	"restart":        restart,
}

func deleteRecords(t *harness.T) {
	topic := numbered(t, "delete-records", 10)
	withAdmin(t, func(admin sarama.ClusterAdmin) { t.Must(admin.DeleteRecords(topic, map[int32]int64{0: 6})) })
	client, err := sarama.NewClient([]string{t.Bootstrap}, config())
	t.Must(err)
	defer client.Close()
	start, err := client.GetOffset(topic, 0, sarama.OffsetOldest)
	t.Must(err)
	t.Expect("the beginning", int64(6), start)
	t.Expect("the records left", numbers(6, 10), values(read(t, topic, 0, sarama.OffsetOldest, 4)))
}

// stream sends numbers one after another until it is told to stop.
type stream struct {
	producer     sarama.AsyncProducer
	stop         chan struct{}
	acknowledged atomic.Int64
	offsets      []int64
	errors       []error
	ends         sync.WaitGroup
}

func startStream(t *harness.T, topic string) *stream {
	config := idempotent()
	config.Producer.Retry.Max, config.Producer.Retry.Backoff = 1000, 50*time.Millisecond
	config.Metadata.Retry.Max, config.Metadata.Retry.Backoff = 1000, 50*time.Millisecond
	producer, err := sarama.NewAsyncProducer([]string{t.Bootstrap}, config)
	t.Must(err)
	s := &stream{producer: producer, stop: make(chan struct{})}
	s.ends.Go(func() {
		for message := range producer.Successes() {
			s.offsets = append(s.offsets, message.Offset)
			s.acknowledged.Add(1)
		}
	})
	s.ends.Go(func() {
		for err := range producer.Errors() {
			s.errors = append(s.errors, err)
		}
	})
	s.ends.Go(func() { s.send(topic) })
	return s
}

func (s *stream) send(topic string) {
	defer s.producer.AsyncClose()
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for i := 0; ; i++ {
		select {
		case <-s.stop:
			return
		case <-pace.C:
			s.producer.Input() <- &sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(strconv.Itoa(i))}
		}
	}
}

func (s *stream) finish(t *harness.T) int {
	close(s.stop)
	s.ends.Wait()
	if len(s.errors) > 0 {
		t.Fail("delivery errors, expected none, got %d, the first %v", len(s.errors), s.errors[0])
	}
	for i, offset := range s.offsets {
		t.Expect("an acknowledged offset", int64(i), offset)
	}
	return len(s.offsets)
}

func restart(t *harness.T) {
	topic := create(t, "restart", 1)
	running := startStream(t, topic)
	consumer, err := sarama.NewConsumer([]string{t.Bootstrap}, config())
	t.Must(err)
	defer consumer.Close()
	reader, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	t.Must(err)
	defer reader.Close()

	seen := take(t, reader.Messages(), 200)
	t.RestartBroker()
	after := running.acknowledged.Load() + 200
	t.Eventually("records acknowledged by the new broker", func() bool { return running.acknowledged.Load() > after })
	count := running.finish(t)
	if missing := count - len(seen); missing > 0 {
		seen = append(seen, take(t, reader.Messages(), missing)...)
	}
	t.Expect("what the consumer saw across the restart", numbers(0, count), values(seen))
	t.Expect("what the log holds", numbers(0, count), values(read(t, topic, 0, sarama.OffsetOldest, count)))
}
