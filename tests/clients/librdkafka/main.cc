// librdkafka, as Debian packages it: what kcat and half of the world's other clients are built on.
#include "protocol.h"

void add_admin(Program&);
void add_records(Program&);
void add_reading(Program&);
void add_groups(Program&);
void add_trouble(Program&);

int main(int count, char** arguments) {
  Program program;
  for (auto add : {add_admin, add_records, add_reading, add_groups, add_trouble}) add(program);
  return program.run(count, arguments);
}
