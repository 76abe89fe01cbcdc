// The makers of all verbs; the rows are in verbs.def, each verb in its own file under verbs/.
#pragma once

#include <memory>

#include "app/verb.h"

namespace millrace::app {

#define MILLRACE_VERB(noun, name, alias, uses, maker, summary, examples) \
  std::unique_ptr<Verb> maker();
#include "app/verbs.def"
#undef MILLRACE_VERB

}  // namespace millrace::app
