package main

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/harness"
)

var trouble = map[string]func(*harness.T){
	"delete-records": deleteRecords,
	"restart":        restart,
}

func deleteRecords(t *harness.T) {
	topic := numbered(t, "delete-records", 10)
	withAdmin(t, func(admin *kadm.Client) {
		var before kadm.Offsets
		before.Add(kadm.Offset{Topic: topic, At: 6})
		answers, err := admin.DeleteRecords(t.Context, before)
		t.Must(err)
		deleted, _ := answers.Lookup(topic, 0)
		t.Must(deleted.Err)
		t.Expect("the new start", int64(6), deleted.LowWatermark)
		starts, err := admin.ListStartOffsets(t.Context, topic)
		t.Must(err)
		start, _ := starts.Lookup(topic, 0)
		t.Expect("the beginning", int64(6), start.Offset)
	})
	t.Expect("the records left", numbers(6, 10), values(read(t, topic, 0, atStart(), 4)))
}

// stream sends numbers one after another until it is told to stop.
type stream struct {
	producer     *kgo.Client
	acknowledged atomic.Int64
	offsets      []int64
	errors       []error
	stop, ended  chan struct{}
}

func (s *stream) run(topic string) {
	defer close(s.ended)
	pace := time.NewTicker(time.Millisecond)
	defer pace.Stop()
	for i := 0; ; i++ {
		select {
		case <-s.stop:
			return
		case <-pace.C:
			s.producer.Produce(nil, &kgo.Record{Topic: topic, Value: []byte(strconv.Itoa(i))}, s.answered)
		}
	}
}

func (s *stream) answered(record *kgo.Record, err error) {
	if err != nil {
		s.errors = append(s.errors, err)
	}
	s.offsets = append(s.offsets, record.Offset)
	s.acknowledged.Add(1)
}

func (s *stream) finish(t *harness.T) int {
	close(s.stop)
	<-s.ended
	t.Must(s.producer.Flush(t.Context))
	t.Expect("the number of delivery errors", 0, len(s.errors))
	for i, offset := range s.offsets {
		t.Expect("an acknowledged offset", int64(i), offset)
	}
	return len(s.offsets)
}

func restart(t *harness.T) {
	topic := create(t, "restart", 1)
	producer := client(t, kgo.MaxBufferedRecords(1000)) // idempotent, acks=all: its defaults
	defer producer.Close()
	running := &stream{producer: producer, stop: make(chan struct{}), ended: make(chan struct{})}
	go running.run(topic)

	// A member of a group, so that the coordinator too must come back as it was.
	consumer := member(t, topic)
	defer consumer.Close()
	seen := take(t, consumer, 200)
	t.Must(consumer.CommitRecords(t.Context, seen...))
	t.RestartBroker()
	after := running.acknowledged.Load() + 200
	t.Eventually("records acknowledged by the new broker", func() bool { return running.acknowledged.Load() > after })
	count := running.finish(t)
	if missing := count - len(seen); missing > 0 {
		seen = append(seen, take(t, consumer, missing)...)
	}
	t.Must(consumer.CommitRecords(t.Context, seen...))
	t.Expect("what the consumer saw across the restart", numbers(0, count), values(seen))
	t.Expect("what the log holds", numbers(0, count), values(read(t, topic, 0, atStart(), count)))
}
