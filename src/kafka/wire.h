// Kafka's primitive types on the wire: a Reader that trusts nothing and a Writer that copies no
// records. Generated messages (kafka/messages/*.h) are built from these two; not for record
// batches, whose inside has its own layout (kafka/record_batch.h).
//
//   type      classic                              flexible ("compact")
//   numbers   big-endian, fixed size               the same
//   string    int16 length, -1 = null, UTF-8       uvarint length + 1, 0 = null, UTF-8
//   bytes     int32 length, -1 = null              uvarint length + 1, 0 = null
//   records   as bytes                             as bytes
//   array     int32 count, -1 = null, elements     uvarint count + 1, 0 = null, elements
//   struct    its fields in order                  its fields in order, then tagged fields
//   struct?   -                                    int8: -1 = null, 1 = a struct follows;
//                                                  as a tagged field: 0 = null, 1 = a struct
//                                                  follows
//   tagged    -                                    uvarint count, then by rising tag:
//                                                  uvarint tag, uvarint size, value
//
// Source: KIP-482 (flexible versions); KIP-893 (nullable structs).
#pragma once

#include "kafka/reader.h"      // IWYU pragma: export
#include "kafka/wire_types.h"  // IWYU pragma: export
#include "kafka/writer.h"      // IWYU pragma: export
