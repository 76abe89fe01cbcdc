// An image as the records that make it: what a metadata snapshot holds.
// Not for the file they stand in: metadata/checkpoint.h.
#pragma once

#include "base/arena.h"
#include "metadata/image.h"
#include "metadata/record.h"

namespace millrace::metadata {

/// Records that, replayed into an empty image, give an equal one; in the versions that the image's
/// metadata.version allows, and that version first, as Kafka demands.
/// Lifetime: the records are views into `image` and `arena`.
/// Bounds: O(image).
Records write_snapshot(const Image& image, Arena& arena);

}  // namespace millrace::metadata
