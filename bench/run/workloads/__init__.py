"""The workloads, in the order in which a round runs them. Each is a class of the module named after its theme."""

from workloads import compaction, consume, latency, many, produce, start

ALL = (
    produce.BigBatches(), produce.SmallRecords(), produce.KeyedSmallBatches(), produce.OneRecordRequests(),
    produce.Allocations(),
    latency.AckAtRate(), latency.EndToEnd(), consume.FanOut(), produce.Compressed(), many.IdleConnections(),
    many.LongPolling(), many.Group(), consume.ColdReads(), compaction.Compaction(), start.Empty(), start.Killed(),
    many.IdlePartitions(), many.Partitions(),
)
