package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"millrace/harness"
)

var records = map[string]func(*harness.T){
	"codec-none":   codec("none", kgo.NoCompression()),
	"codec-gzip":   codec("gzip", kgo.GzipCompression()),
	"codec-snappy": codec("snappy", kgo.SnappyCompression()),
	"codec-lz4":    codec("lz4", kgo.Lz4Compression()),
	"codec-zstd":   codec("zstd", kgo.ZstdCompression()),
	"acks-0": func(t *harness.T) {
		roundTrip(t, "acks-0", kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite())
	},
	"acks-1": func(t *harness.T) {
		t.Expect("the acknowledged offsets", everyOffset(), roundTrip(t, "acks-1", kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()))
	},
	"acks-all": func(t *harness.T) {
		t.Expect("the acknowledged offsets", everyOffset(), roundTrip(t, "acks-all", kgo.RequiredAcks(kgo.AllISRAcks()), kgo.DisableIdempotentWrite()))
	},
	"idempotence": idempotence,
	"headers":     headers,
	"null-key": func(t *harness.T) {
		keyAndValue(t, "null-key", nil, []byte("v"))
		keyAndValue(t, "null-key-empty", []byte{}, []byte("v"))
	},
	"null-value":       func(t *harness.T) { keyAndValue(t, "null-value", []byte("k"), nil) },
	"empty-value":      func(t *harness.T) { keyAndValue(t, "empty-value", []byte("k"), []byte{}) },
	"large-record":     largeRecord,
	"oversized-record": oversizedRecord,
}

const sent = 200

func everyOffset() (offsets []int64) {
	for i := range int64(sent) {
		offsets = append(offsets, i)
	}
	return offsets
}

func codec(name string, how kgo.CompressionCodec) func(*harness.T) {
	return func(t *harness.T) { roundTrip(t, "codec-"+name, kgo.ProducerBatchCompression(how)) }
}

// roundTrip sends records to one partition and reads them back; it returns the acknowledged offsets.
func roundTrip(t *harness.T, name string, options ...kgo.Opt) []int64 {
	topic := create(t, name, 1)
	var out []*kgo.Record
	var expected []string
	for i := range sent {
		key, value := fmt.Sprintf("%05d", i), fmt.Sprintf("%05d %s", i, strings.Repeat("the mill turns ", 20))
		out = append(out, &kgo.Record{Topic: topic, Key: []byte(key), Value: []byte(value)})
		expected = append(expected, fmt.Sprint(i, " ", key, " ", value))
	}
	acknowledged := send(t, out, options...)
	var got []string
	for _, record := range read(t, topic, 0, atStart(), sent) {
		got = append(got, fmt.Sprintf("%d %s %s", record.Offset, record.Key, record.Value))
	}
	t.Expect("offsets, keys and values", expected, got)
	return acknowledged
}

func idempotence(t *harness.T) {
	topic := create(t, "idempotence", 3)
	var out []*kgo.Record
	var expected [3][]string
	for i, number := range numbers(0, 1500) {
		out = append(out, &kgo.Record{Topic: topic, Partition: int32(i % 3), Value: []byte(number)})
		expected[i%3] = append(expected[i%3], number)
	}
	send(t, out, kgo.ProducerBatchMaxBytes(512), kgo.ProducerLinger(0))
	for partition, wanted := range expected {
		t.Expect(fmt.Sprint("the records of partition ", partition), wanted, values(read(t, topic, int32(partition), atStart(), len(wanted))))
	}
}

func oneRecord(t *harness.T, name string, record *kgo.Record) *kgo.Record {
	record.Topic = create(t, name, 1)
	send(t, []*kgo.Record{record}, kgo.ProducerBatchMaxBytes(1_048_576))
	return read(t, record.Topic, 0, atStart(), 1)[0]
}

func headers(t *harness.T) {
	out := []kgo.RecordHeader{{Key: "first", Value: []byte("1")}, {Key: "twice", Value: []byte("a")}, {Key: "twice", Value: []byte("b")},
		{Key: "empty", Value: []byte{}}, {Key: "null"}, {Key: "m\u00fchle", Value: []byte("r\u00e4der")}}
	t.Expect("the headers", out, oneRecord(t, "headers", &kgo.Record{Value: []byte("v"), Headers: out}).Headers)
}

func keyAndValue(t *harness.T, name string, key, value []byte) {
	got := oneRecord(t, name, &kgo.Record{Key: key, Value: value})
	t.Expect("the key, null or not", key, got.Key)
	t.Expect("the value, null or not", value, got.Value)
}

func largeRecord(t *harness.T) {
	value := bytes.Repeat([]byte("0123456789"), 100_000)
	t.Expect("the large record whole", true, bytes.Equal(value, oneRecord(t, "large-record", &kgo.Record{Value: value}).Value))
}

func oversizedRecord(t *harness.T) {
	topic := create(t, "oversized-record", 1, "max.message.bytes", "10000")
	producer := client(t, kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer producer.Close()
	refused := producer.ProduceSync(t.Context, &kgo.Record{Topic: topic, Value: make([]byte, 20_000)}).FirstErr()
	t.Expect("the answer to a record over the limit", true, errors.Is(refused, kerr.MessageTooLarge))
	next, err := producer.ProduceSync(t.Context, &kgo.Record{Topic: topic, Value: []byte("small")}).First()
	t.Must(err)
	t.Expect("the offset of the next record", int64(0), next.Offset)
	t.Expect("what arrived", []string{"small"}, values(read(t, topic, 0, atStart(), 1)))
}
