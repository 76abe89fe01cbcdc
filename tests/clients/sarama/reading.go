package main

import (
	"context"
	"time"

	"github.com/IBM/sarama"

	"millrace/harness"
)

var reading = map[string]func(*harness.T){
	"from-beginning": fromBeginning,
	"from-end":       fromEnd,
	"from-offset":    fromOffset,
	"from-timestamp": fromTimestamp,
	"offsets-commit": offsetsCommit,
	"offsets-reset":  offsetsReset,
}

func fromBeginning(t *harness.T) {
	topic := numbered(t, "from-beginning", 10)
	t.Expect("the records", numbers(0, 10), values(read(t, topic, 0, sarama.OffsetOldest, 10)))
}

func fromEnd(t *harness.T) {
	topic := numbered(t, "from-end", 10)
	consumer, err := sarama.NewConsumer([]string{t.Bootstrap}, config())
	t.Must(err)
	defer consumer.Close()
	end, err := consumer.ConsumePartition(topic, 0, sarama.OffsetNewest) // asks for the end before it returns
	t.Must(err)
	defer end.Close()
	sendNumbers(t, topic, 10, 15)
	t.Expect("the records", numbers(10, 15), values(take(t, end.Messages(), 5)))
}

func fromOffset(t *harness.T) {
	topic := numbered(t, "from-offset", 10)
	t.Expect("the records", numbers(7, 10), values(read(t, topic, 0, 7, 3)))
}

func fromTimestamp(t *harness.T) {
	topic := create(t, "from-timestamp", 1)
	base := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	at := func(i int) time.Time { return base.Add(time.Duration(i) * time.Second) }
	var out []*sarama.ProducerMessage
	for i := range 10 {
		out = append(out, &sarama.ProducerMessage{Topic: topic, Timestamp: at(i), Value: sarama.StringEncoder("v")})
	}
	send(t, out, config())

	client, err := sarama.NewClient([]string{t.Bootstrap}, config())
	t.Must(err)
	defer client.Close()
	offset := func(when time.Time) int64 {
		found, err := client.GetOffset(topic, 0, when.UnixMilli())
		t.Must(err)
		return found
	}
	t.Expect("a time between two records", int64(5), offset(at(5).Add(-500*time.Millisecond)))
	t.Expect("a record's own time", int64(5), offset(at(5)))
	t.Expect("a time before the first", int64(0), offset(base.Add(-time.Millisecond)))
	t.Expect("a time after the last", int64(-1), offset(at(9).Add(time.Millisecond)))
	var expected, got []int64
	for i, record := range read(t, topic, 0, 5, 5) {
		expected = append(expected, at(5+i).UnixMilli())
		got = append(got, record.Timestamp.UnixMilli())
	}
	t.Expect("the timestamps", expected, got)
}

// reader is a member of a group that takes some records and then commits and ends.
type reader struct {
	count   int
	note    string
	records []*sarama.ConsumerMessage
	done    context.CancelFunc
}

func (r *reader) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (r *reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (r *reader) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		if r.records = append(r.records, message); len(r.records) == r.count {
			session.MarkMessage(message, r.note)
			session.Commit()
			r.done()
			return nil
		}
	}
	return nil
}

// readAsMember joins the group named like the topic, reads count records, commits them with a note, and leaves.
func readAsMember(t *harness.T, topic string, count int, note string) []string {
	group, err := sarama.NewConsumerGroup([]string{t.Bootstrap}, topic, config())
	t.Must(err)
	defer group.Close()
	ctx, done := context.WithTimeout(t.Context, harness.Patience)
	defer done()
	member := &reader{count: count, note: note, done: done}
	for ctx.Err() == nil && len(member.records) < count {
		t.Must(group.Consume(ctx, []string{topic}, member))
	}
	return values(member.records)
}

func offsetsCommit(t *harness.T) {
	topic := numbered(t, "offsets-commit", 10)
	t.Expect("the first four", numbers(0, 4), readAsMember(t, topic, 4, "a note"))
	withAdmin(t, func(admin sarama.ClusterAdmin) {
		t.Expect("offset and note", "4 a note", committed(t, admin, topic, topic))
		offsets, err := admin.ListConsumerGroupOffsets(topic, map[string][]int32{topic: {1}})
		t.Must(err)
		t.Expect("the offset where nothing was committed", int64(-1), offsets.GetBlock(topic, 1).Offset)
	})
	t.Expect("where the next member starts", numbers(4, 10), readAsMember(t, topic, 6, ""))
}

func offsetsReset(t *harness.T) {
	topic := numbered(t, "offsets-reset", 10)
	readAsMember(t, topic, 10, "")
	withAdmin(t, func(admin sarama.ClusterAdmin) {
		t.Expect("the offset before", "10 ", committed(t, admin, topic, topic))
		commit(t, admin, topic, topic, 3, "")
	})
	t.Expect("where the next member starts", numbers(3, 10), readAsMember(t, topic, 7, ""))
}
