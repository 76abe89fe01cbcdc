package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/IBM/sarama"

	"millrace/harness"
)

var records = map[string]func(*harness.T){
	"codec-none":   codec("none", sarama.CompressionNone),
	"codec-gzip":   codec("gzip", sarama.CompressionGZIP),
	"codec-snappy": codec("snappy", sarama.CompressionSnappy),
	"codec-lz4":    codec("lz4", sarama.CompressionLZ4),
	"codec-zstd":   codec("zstd", sarama.CompressionZSTD),
	"acks-0":       func(t *harness.T) { acks(t, "acks-0", sarama.NoResponse) },
	"acks-1": func(t *harness.T) {
		t.Expect("the acknowledged offsets", everyOffset(), acks(t, "acks-1", sarama.WaitForLocal))
	},
	"acks-all": func(t *harness.T) {
		t.Expect("the acknowledged offsets", everyOffset(), acks(t, "acks-all", sarama.WaitForAll))
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

func codec(name string, codec sarama.CompressionCodec) func(*harness.T) {
	return func(t *harness.T) {
		config := config()
		config.Producer.Compression = codec
		roundTrip(t, "codec-"+name, config)
	}
}

func acks(t *harness.T, name string, acks sarama.RequiredAcks) []int64 {
	config := config()
	config.Producer.RequiredAcks = acks
	return roundTrip(t, name, config)
}

// roundTrip sends records to one partition and reads them back; it returns the acknowledged offsets.
func roundTrip(t *harness.T, name string, config *sarama.Config) []int64 {
	topic := create(t, name, 1)
	var out []*sarama.ProducerMessage
	var expected []string
	for i := range sent {
		key, value := fmt.Sprintf("%05d", i), fmt.Sprintf("%05d %s", i, strings.Repeat("the mill turns ", 20))
		out = append(out, &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(key), Value: sarama.StringEncoder(value)})
		expected = append(expected, fmt.Sprint(i, " ", key, " ", value))
	}
	acknowledged := send(t, out, config)
	var got []string
	for _, record := range read(t, topic, 0, sarama.OffsetOldest, sent) {
		got = append(got, fmt.Sprintf("%d %s %s", record.Offset, record.Key, record.Value))
	}
	t.Expect("offsets, keys and values", expected, got)
	return acknowledged
}

func idempotence(t *harness.T) {
	topic := create(t, "idempotence", 3)
	var out []*sarama.ProducerMessage
	var expected [3][]string
	for i, number := range numbers(0, 1500) {
		out = append(out, &sarama.ProducerMessage{Topic: topic, Partition: int32(i % 3), Value: sarama.StringEncoder(number)})
		expected[i%3] = append(expected[i%3], number)
	}
	config := idempotent()
	config.Producer.Flush.MaxMessages = 10
	send(t, out, config)
	for partition, wanted := range expected {
		got := values(read(t, topic, int32(partition), sarama.OffsetOldest, len(wanted)))
		t.Expect(fmt.Sprint("the records of partition ", partition), wanted, got)
	}
}

// idempotent is the configuration that sarama asks for.
func idempotent() *sarama.Config {
	config := config()
	config.Producer.Idempotent = true
	config.Net.MaxOpenRequests = 1
	return config
}

func oneRecord(t *harness.T, name string, record *sarama.ProducerMessage) *sarama.ConsumerMessage {
	record.Topic = create(t, name, 1)
	send(t, []*sarama.ProducerMessage{record}, config())
	return read(t, record.Topic, 0, sarama.OffsetOldest, 1)[0]
}

func headers(t *harness.T) {
	out := []sarama.RecordHeader{{Key: []byte("first"), Value: []byte("1")}, {Key: []byte("twice"), Value: []byte("a")},
		{Key: []byte("twice"), Value: []byte("b")}, {Key: []byte("empty"), Value: []byte{}}, {Key: []byte("null")},
		{Key: []byte("m\u00fchle"), Value: []byte("r\u00e4der")}}
	var got []sarama.RecordHeader
	for _, header := range oneRecord(t, "headers", &sarama.ProducerMessage{Value: sarama.StringEncoder("v"), Headers: out}).Headers {
		got = append(got, *header)
	}
	t.Expect("the headers", out, got)
}

func keyAndValue(t *harness.T, name string, key, value []byte) {
	record := &sarama.ProducerMessage{}
	if key != nil {
		record.Key = sarama.ByteEncoder(key)
	}
	if value != nil {
		record.Value = sarama.ByteEncoder(value)
	}
	got := oneRecord(t, name, record)
	t.Expect("the key, null or not", key, got.Key)
	t.Expect("the value, null or not", value, got.Value)
}

func largeRecord(t *harness.T) {
	value := bytes.Repeat([]byte("0123456789"), 100_000)
	got := oneRecord(t, "large-record", &sarama.ProducerMessage{Value: sarama.ByteEncoder(value)})
	t.Expect("the large record whole", true, bytes.Equal(value, got.Value))
}

func oversizedRecord(t *harness.T) {
	topic := create(t, "oversized-record", 1, "max.message.bytes", "10000")
	producer, err := sarama.NewSyncProducer([]string{t.Bootstrap}, config())
	t.Must(err)
	defer producer.Close()
	_, _, err = producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(make([]byte, 20_000))})
	t.Expect("the answer to a record over the limit", true, errors.Is(err, sarama.ErrMessageSizeTooLarge))
	_, offset, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder("small")})
	t.Must(err)
	t.Expect("the offset of the next record", int64(0), offset)
	t.Expect("what arrived", []string{"small"}, values(read(t, topic, 0, sarama.OffsetOldest, 1)))
}
