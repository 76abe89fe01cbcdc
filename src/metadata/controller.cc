#include "metadata/controller.h"

#include <fmt/core.h>

#include "metadata/features.h"

namespace millrace::metadata {

Controller::Controller(ControllerOptions options, const Settings& settings, Random& random,
                       Image image)
    : options_(std::move(options)),
      settings_(settings),
      random_(random),
      image_(std::move(image)) {}

Result<> Controller::replay(const Records& records, Offset first) {
  Delta delta;
  Offset offset = first;
  for (const Record& record : records) {
    TRY(image_.replay(record, delta));
    if (const auto* registration = std::get_if<kafka::RegisterBrokerRecord>(&record.body)) {
      registration_offsets_[registration->broker_id] = offset;
    } else if (const auto* gone = std::get_if<kafka::UnregisterBrokerRecord>(&record.body)) {
      registration_offsets_.erase(gone->broker_id);
      sessions_.erase(gone->broker_id);
    }
    offset = offset.next();
  }
  return {};
}

Result<Records> Controller::activate(const Records& bootstrap, bool open_transaction,
                                     MonoTime now) {
  for (const auto& [name, level] : image_.features()) {
    TRY(check_finalised(name, level));
  }
  // Every live broker gets a fresh session, but not this node's own: if its process is another one
  // than before, that one is gone, for there is one data directory and one lock on it. So a restart
  // after a crash need not wait for a session to end.
  for (const auto& [id, broker] : image_.brokers()) {
    if (!broker.fenced && id != options_.node) sessions_[id] = {.heard = now};
  }
  Records records;
  if (open_transaction) {
    add_record(kafka::AbortTransactionRecord{.reason = "A new controller took over."}, records);
  }
  if (image_.metadata_version() == 0) {
    add_record(kafka::BeginTransactionRecord{.name = "Bootstrap records"}, records);
    records.insert(records.end(), bootstrap.begin(), bootstrap.end());
    add_record(kafka::EndTransactionRecord{}, records);
  }
  return records;
}

void Controller::add_record(const RecordBody& body, Records& records) const {
  const int16_t version = record_version(body, image_.metadata_version());
  records.push_back({body, version});
}

Outcome<kafka::AllocateProducerIdsResponse> Controller::allocate_producer_ids(
    const kafka::AllocateProducerIdsRequest& request) {
  Outcome<kafka::AllocateProducerIdsResponse> outcome;
  const Result<Broker> broker = checked_broker(request.broker_id, request.broker_epoch);
  if (!broker) {
    outcome.reply.error_code = broker.error().kafka_code();
    return outcome;
  }
  const int64_t start = image_.next_producer_id().value;
  if (start > INT64_MAX - kProducerIdBlock) {  // after nine billion billion of them
    outcome.reply.error_code = error_info(Errc::kUnknownServerError).kafka_code;
    return outcome;
  }
  add_record(kafka::ProducerIdsRecord{.broker_id = request.broker_id,
                                      .broker_epoch = request.broker_epoch,
                                      .next_producer_id = ProducerId(start + kProducerIdBlock)},
             outcome.records);
  outcome.reply.producer_id_start = ProducerId(start);
  outcome.reply.producer_id_len = kProducerIdBlock;
  return outcome;
}

Settings effective_settings(const Settings& settings, const Image& image, BrokerId node) {
  Settings effective = settings;
  const auto use = [&](SettingLayer layer, std::string name) {
    // Bad entries are left out: they were checked when they were written, so a newer or foreign
    // controller wrote them, and the node must run all the same.
    effective.replace(layer, image.config({ConfigResourceType::kBroker, std::move(name)}),
                      "metadata");
  };
  use(SettingLayer::kDynamicDefault, "");
  use(SettingLayer::kDynamicBroker, std::to_string(node.value));
  return effective;
}

}  // namespace millrace::metadata
