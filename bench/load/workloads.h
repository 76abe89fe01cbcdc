// The workloads: what `bench_load NAME ...` can do. Each is a file of that name, measures one thing
// and prints one line of JSON. Arguments common to those with a phase: --bootstrap, --seconds,
// --warm-up-s, --watch PID (the server whose cost is taken).
//
// Each returns the program's exit status: 0 only when every answer came and was good.
#pragma once

#include "bench/load/arguments.h"

namespace millrace::bench {

/// Records at a fixed rate, or flat out.
int run_produce(const Arguments& arguments);
/// Reads a topic from its start, again and again (or --once, to the end), flat out.
int run_consume(const Arguments& arguments);
/// Produces at a fixed rate and consumes at once: from intended sending to arrival.
int run_end_to_end(const Arguments& arguments);
/// Consumers that wait for records that never come.
int run_long_poll(const Arguments& arguments);
/// Connections that do nothing: prints a line when all stand, ends when its input does.
int run_idle(const Arguments& arguments);
/// Members join a group at once; then they commit offsets flat out.
int run_group(const Arguments& arguments);
/// Makes topics and, with --ready 1, waits until they take records.
int run_create(const Arguments& arguments);
int run_delete(const Arguments& arguments);
/// Knocks until somebody opens, and then until one record is acknowledged.
int run_first_ack(const Arguments& arguments);
/// What the device under a folder takes to make 4 KiB stable: no broker acknowledges faster.
int run_device_sync(const Arguments& arguments);

}  // namespace millrace::bench
