// The handlers of api.cc's rows. Each is defined, and described, in the file of its number.
#pragma once

#include "runtime/task.h"

namespace millrace::broker {

class Request;

runtime::Task<> handle_api_versions(Request* request);

}  // namespace millrace::broker
