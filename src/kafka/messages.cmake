# The generated part of millrace_kafka: tools/gen_kafka.py turns schema/kafka into headers and
# sources in the build tree, `#include "kafka/messages/fetch.h"`. Nothing of it is committed.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(generator ${CMAKE_SOURCE_DIR}/tools/gen_kafka.py)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
file(GLOB_RECURSE schema CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/schema/kafka/*.msg)
file(GLOB generator_parts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tools/kafka_*.py)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema} ${generator})

execute_process(COMMAND ${Python3_EXECUTABLE} ${generator} --list-outputs
                OUTPUT_VARIABLE outputs OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" outputs "${outputs}")
list(TRANSFORM outputs PREPEND ${generated}/)
set(sources ${outputs})
list(FILTER sources INCLUDE REGEX "\\.cc$")

# The generator writes only files whose text changes, so a sentence edited in one .msg compiles
# little again; the stamp tells Ninja that it ran.
add_custom_command(
  OUTPUT ${generated}/stamp
  BYPRODUCTS ${outputs}
  COMMAND ${Python3_EXECUTABLE} ${generator} --out ${generated}
  COMMAND ${CMAKE_COMMAND} -E touch ${generated}/stamp
  DEPENDS ${schema} ${generator} ${generator_parts}
  COMMENT "Generating Kafka messages")
target_sources(millrace_kafka PRIVATE ${sources} ${generated}/stamp)
target_include_directories(millrace_kafka PUBLIC ${generated})
