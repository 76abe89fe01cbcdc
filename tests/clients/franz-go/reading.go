package main

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

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
	t.Expect("the records", numbers(0, 10), values(read(t, topic, 0, atStart(), 10)))
}

func fromEnd(t *harness.T) {
	topic := numbered(t, "from-end", 10)
	consumer := client(t, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtEnd()}}))
	defer consumer.Close()
	// The client does not tell its position before its first record, so records are sent until one is seen.
	arrived := make(chan []*kgo.Record)
	go func() { arrived <- consumer.PollFetches(t.Context).Records() }()
	var got []*kgo.Record
	next := 10
	t.Eventually("a first record", func() bool {
		sendNumbers(t, topic, next, next+1)
		next++
		select {
		case got = <-arrived:
			return true
		case <-time.After(100 * time.Millisecond):
			return false
		}
	})
	first := int(got[0].Offset)
	t.Expect("the first record, sent after the start", true, first >= 10)
	sendNumbers(t, topic, next, next+5)
	if missing := next + 5 - first - len(got); missing > 0 {
		got = append(got, take(t, consumer, missing)...)
	}
	t.Expect("the records", numbers(first, next+5), values(got))
}

func fromOffset(t *harness.T) {
	topic := numbered(t, "from-offset", 10)
	t.Expect("from an offset", numbers(7, 10), values(read(t, topic, 0, kgo.NewOffset().At(7), 3)))
	t.Expect("from three before the end", numbers(7, 10), values(read(t, topic, 0, kgo.NewOffset().AtEnd().Relative(-3), 3)))
}

func fromTimestamp(t *harness.T) {
	topic := create(t, "from-timestamp", 1)
	base := anHourAgo()
	at := func(i int) time.Time { return base.Add(time.Duration(i) * time.Second) }
	var out []*kgo.Record
	for i := range 10 {
		out = append(out, &kgo.Record{Topic: topic, Timestamp: at(i), Value: []byte("v")})
	}
	send(t, out)
	withAdmin(t, func(admin *kadm.Client) {
		offset := func(when time.Time) string {
			listed, err := admin.ListOffsetsAfterMilli(t.Context, when.UnixMilli(), topic)
			t.Must(err)
			found, _ := listed.Lookup(topic, 0)
			return fmt.Sprint(found.Offset, " ", found.Timestamp)
		}
		fifth := fmt.Sprint(5, " ", at(5).UnixMilli())
		t.Expect("a time between two records", fifth, offset(at(5).Add(-500*time.Millisecond)))
		t.Expect("a record's own time", fifth, offset(at(5)))
		t.Expect("a time before the first", fmt.Sprint(0, " ", base.UnixMilli()), offset(base.Add(-time.Millisecond)))
		t.Expect("a time after the last, so the end", "10 -1", offset(at(9).Add(time.Millisecond)))
	})
	var expected, got []int64
	for _, record := range read(t, topic, 0, kgo.NewOffset().AfterMilli(at(5).Add(-500*time.Millisecond).UnixMilli()), 5) {
		got = append(got, record.Timestamp.UnixMilli())
	}
	for i := 5; i < 10; i++ {
		expected = append(expected, at(i).UnixMilli())
	}
	t.Expect("the timestamps", expected, got)
}

func member(t *harness.T, topic string) *kgo.Client {
	return client(t, kgo.ConsumerGroup(topic), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(atStart()), kgo.DisableAutoCommit())
}

func offsetsCommit(t *harness.T) {
	topic := numbered(t, "offsets-commit", 10)
	first := member(t, topic)
	t.Expect("the records", numbers(0, 10), values(take(t, first, 10)))
	first.CloseAllowingRebalance()

	withAdmin(t, func(admin *kadm.Client) {
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: topic, At: 4, LeaderEpoch: -1, Metadata: "a note"})
		t.Must(admin.CommitAllOffsets(t.Context, topic, offsets))
		fetched, err := admin.FetchOffsets(t.Context, topic)
		t.Must(err)
		committed, _ := fetched.Lookup(topic, 0)
		t.Expect("offset and note", "4 a note", fmt.Sprint(committed.At, " ", committed.Metadata))
	})

	second := member(t, topic)
	rest := take(t, second, 6)
	t.Expect("where the next member starts", numbers(4, 10), values(rest))
	t.Must(second.CommitRecords(t.Context, rest[5]))
	t.Expect("its own commit", int64(10), second.CommittedOffsets()[topic][0].Offset)
	second.Close()
}

func offsetsReset(t *harness.T) {
	topic := numbered(t, "offsets-reset", 10)
	first := member(t, topic)
	t.Must(first.CommitRecords(t.Context, take(t, first, 10)...))
	first.Close()
	withAdmin(t, func(admin *kadm.Client) {
		fetched, err := admin.FetchOffsets(t.Context, topic)
		t.Must(err)
		committed, _ := fetched.Lookup(topic, 0)
		t.Expect("the offset before", int64(10), committed.At)
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: topic, At: 3, LeaderEpoch: -1})
		t.Must(admin.CommitAllOffsets(t.Context, topic, offsets))
	})
	second := member(t, topic)
	defer second.Close()
	t.Expect("where the next member starts", numbers(3, 10), values(take(t, second, 7)))
}
