#include "metadata/meta_properties.h"

#include <fmt/core.h>
#include <charconv>
#include <map>

#include "base/properties.h"
#include "metadata/entities.h"

namespace millrace::metadata {
namespace {

using Entries = std::map<std::string, std::string, std::less<>>;

std::unexpected<Error> damaged(std::string_view why) {
  return fail(Errc::kCorruptFile, fmt::format("meta.properties: {}", why));
}

Result<std::string> text_entry(const Entries& entries, std::string_view name) {
  const auto found = entries.find(name);
  if (found == entries.end() || found->second.empty()) {
    return damaged(fmt::format("{} is missing", name));
  }
  return found->second;
}

Result<int32_t> number_entry(const Entries& entries, std::string_view name) {
  const std::string text = TRY(text_entry(entries, name));
  int32_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return damaged(fmt::format("{} is \"{}\", no number", name, text));
  }
  return number;
}

}  // namespace

std::string format_meta_properties(const MetaProperties& properties) {
  std::string text = "#\n";
  text += format_property("version", "1");
  text += format_property("cluster.id", properties.cluster_id);
  text += format_property("node.id", std::to_string(properties.node.value));
  if (properties.directory) {
    text += format_property("directory.id", properties.directory->to_string());
  }
  return text;
}

Result<MetaProperties> parse_meta_properties(std::string_view text) {
  Entries entries;
  const Result<std::vector<Property>> parsed = parse_properties(text);
  if (!parsed) return damaged(parsed.error().detail());
  for (const Property& property : *parsed) entries[property.name] = property.value;

  const int32_t version = TRY(number_entry(entries, "version"));
  if (version != 0 && version != 1) {
    return fail(Errc::kNewerFormat,
                fmt::format("meta.properties has version {}, known are 0 and 1", version));
  }
  MetaProperties properties;
  properties.cluster_id = TRY(text_entry(entries, "cluster.id"));
  properties.node = BrokerId(TRY(number_entry(entries, version == 0 ? "broker.id" : "node.id")));
  if (properties.node < BrokerId(0)) return damaged("the node's number is negative");
  if (const auto directory = entries.find("directory.id"); directory != entries.end()) {
    const Result<Uuid> id = Uuid::parse(directory->second);
    if (!id || is_reserved_directory(*id)) {
      return damaged(fmt::format("directory.id is \"{}\", no directory's id", directory->second));
    }
    properties.directory = *id;
  }
  return properties;
}

}  // namespace millrace::metadata
