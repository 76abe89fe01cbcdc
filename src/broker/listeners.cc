#include "broker/listeners.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace millrace::broker {
namespace {

struct Endpoint {
  std::string name;
  runtime::Address address;
};

std::unexpected<Error> bad(std::string_view setting, std::string_view entry, std::string_view why) {
  return fail(Errc::kInvalidSetting, fmt::format("{}: \"{}\" {}", setting, entry, why));
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// NAME://host:port, where the host may be empty.
Result<Endpoint> parse_endpoint(std::string_view setting, std::string_view entry) {
  const size_t separator = entry.find("://");
  if (separator == 0 || separator == entry.npos) {
    return bad(setting, entry, "is not of the form NAME://host:port");
  }
  const std::string_view address = entry.substr(separator + 3);
  Result<runtime::Address> parsed = runtime::Address::parse(address);
  if (!parsed) return bad(setting, entry, "is not of the form NAME://host:port");
  Endpoint endpoint{std::string(entry.substr(0, separator)), *std::move(parsed)};
  std::transform(endpoint.name.begin(), endpoint.name.end(), endpoint.name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return endpoint;
}

Result<> check_protocol(const Settings& settings, const std::string& listener) {
  std::string protocol = listener;
  const std::string map = settings.get<"listener.security.protocol.map">();
  for (const std::string_view pair : split(map, ',')) {
    const size_t colon = pair.find(':');
    if (colon != pair.npos && pair.substr(0, colon) == listener) {
      protocol = std::string(pair.substr(colon + 1));
    }
  }
  if (protocol == "PLAINTEXT") return {};
  if (protocol == "SSL" || protocol == "SASL_PLAINTEXT" || protocol == "SASL_SSL") {
    return bad("listeners", listener,
               fmt::format("speaks {}, which is not built yet: only PLAINTEXT is", protocol));
  }
  return bad("listeners", listener, "has no entry in listener.security.protocol.map");
}

bool is_controller_listener(const Settings& settings, const std::string& name) {
  const auto names = settings.get<"controller.listener.names">();
  return names && std::find(names->begin(), names->end(), name) != names->end();
}

Result<std::vector<ListenerSpec>> bound_listeners(const Settings& settings) {
  std::vector<ListenerSpec> specs;
  std::set<std::string> names;
  std::set<std::pair<std::string, uint16_t>> addresses;
  for (const std::string& entry : settings.get<"listeners">()) {
    Endpoint endpoint = TRY(parse_endpoint("listeners", entry));
    if (!names.insert(endpoint.name).second) return bad("listeners", entry, "has a name twice");
    if (endpoint.address.port != 0 &&
        !addresses.emplace(endpoint.address.host, endpoint.address.port).second) {
      return bad("listeners", entry, "has an address twice");
    }
    if (is_controller_listener(settings, endpoint.name)) continue;
    TRY(check_protocol(settings, endpoint.name));
    if (endpoint.address.host == "0.0.0.0" || endpoint.address.host == "::") {
      endpoint.address.host.clear();
    }
    ListenerSpec& spec = specs.emplace_back();
    spec.name = std::move(endpoint.name);
    spec.advertised = spec.bind = std::move(endpoint.address);
  }
  if (specs.empty()) {
    return fail(Errc::kInvalidSetting, "listeners: none is left for clients to connect to");
  }
  return specs;
}

}  // namespace

Result<std::vector<ListenerSpec>> broker_listeners(const Settings& settings) {
  std::vector<ListenerSpec> specs = TRY(bound_listeners(settings));
  const auto advertised = settings.get<"advertised.listeners">();
  if (!advertised) return specs;
  std::set<std::string> names;
  for (const std::string& entry : *advertised) {
    Endpoint endpoint = TRY(parse_endpoint("advertised.listeners", entry));
    if (!names.insert(endpoint.name).second) {
      return bad("advertised.listeners", entry, "has a name twice");
    }
    if (is_controller_listener(settings, endpoint.name)) continue;
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const ListenerSpec& candidate) {
      return candidate.name == endpoint.name;
    });
    if (spec == specs.end()) {
      return bad("advertised.listeners", entry, "advertises a listener that is not in listeners");
    }
    if (endpoint.address.host.empty() || endpoint.address.host == "0.0.0.0" ||
        endpoint.address.host == "::") {
      return bad("advertised.listeners", entry, "names no host that a client could connect to");
    }
    spec->advertised = std::move(endpoint.address);
  }
  return specs;
}

Result<ConnectionCounts> connection_counts(const Settings& settings) {
  ConnectionCounts counts;
  counts.all_max = settings.get<"max.connections">();
  counts.per_ip_max = settings.get<"max.connections.per.ip">();
  constexpr std::string_view kOverrides = "max.connections.per.ip.overrides";
  const std::string overrides = settings.get<"max.connections.per.ip.overrides">();
  for (const std::string_view entry : split(overrides, ',')) {
    const size_t colon = entry.rfind(':');
    int64_t count = 0;
    if (colon == entry.npos) return bad(kOverrides, entry, "is not of the form host:count");
    const std::string_view digits = entry.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (error != std::errc() || end != digits.data() + digits.size() || count < 0) {
      return bad(kOverrides, entry, "is not of the form host:count");
    }
    counts.per_ip_overrides[std::string(entry.substr(0, colon))] = count;
  }
  return counts;
}

Result<ServerLimits> server_limits(const Settings& settings) {
  ServerLimits limits;
  limits.counts = TRY(connection_counts(settings));
  limits.connection.frame_bytes_max = settings.get<"socket.request.max.bytes">();
  const int64_t idle_ms = settings.get<"connections.max.idle.ms">();
  limits.connection.idle_max = idle_ms < 0 ? kNever - MonoTime{} : milliseconds(idle_ms);
  const int64_t queued = settings.get<"queued.max.request.bytes">();
  if (queued > 0) limits.receive_bytes_max = queued;
  limits.listen = {
      .backlog = static_cast<int>(settings.get<"socket.listen.backlog.size">()),
      .send_buffer_bytes = static_cast<int>(settings.get<"socket.send.buffer.bytes">()),
      .receive_buffer_bytes = static_cast<int>(settings.get<"socket.receive.buffer.bytes">())};
  return limits;
}

}  // namespace millrace::broker
