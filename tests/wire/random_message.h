// A second implementation of Kafka's wire format, slow and general: it writes a random message from
// the schema's rows, without the generated code that it is there to test.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"

namespace millrace::kafka {

/// The bytes of a valid message in canonical form: tagged fields only where they differ from their
/// default. Arrays and strings are short. Requires: a message of kafka/messages/all.def and one of
/// its versions.
Buffer random_message(std::string_view name, int16_t version, Random& random);

}  // namespace millrace::kafka
