#include <runnel/config/config.hpp>

namespace runnel::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::int64_t ms(Duration duration) {
  return duration.count();
}

constexpr std::int64_t KiB = 1024;
constexpr std::int64_t MiB = 1024 * KiB;
constexpr std::int64_t GiB = 1024 * MiB;

}  // namespace

std::vector<Field> Runnel::fields() {
  return {
      {.key = "state_dir",
       .target = &state_dir,
       .doc = "The directory for the ledgers, which say how long each file was at each commit; empty: "
              "$STATE_DIRECTORY, else $XDG_STATE_HOME/runnel, else, for others than root, "
              "~/.local/state/runnel, else /var/lib/runnel."},
      {.key = "memory",
       .target = &memory,
       .doc = "The most bytes of records that are queued and in flight, for each consumer.",
       .least = MiB,
       .most = 64 * GiB},
      {.key = "drain",
       .target = &drain,
       .doc = "How long a stop, or the loss of a partition, may wait for what is in flight.",
       .least = 100,
       .most = ms(hours(1)),
       .in_place = true},
      {.key = "log_level",
       .target = &log_level,
       .doc = "The least severe messages to log.",
       .choices = {"debug", "info", "warning", "error"},
       .in_place = true},
  };
}

std::vector<Field> Producer::fields() {
  return {
      {.key = "topic", .target = &topic, .doc = "The topic that the records go to.", .required = true},
      {.key = "interval",
       .target = &interval,
       .doc = "The time from one record to the next.",
       .least = 1,
       .most = ms(hours(24)),
       .in_place = true},
      {.key = "count", .target = &count, .doc = "How many records to make; left out: for ever.", .least = 1},
      {.key = "key",
       .target = &key,
       .doc = "The record's key, a template; left out: null.",
       .template_for = format::Use::heartbeat},
      {.key = "value",
       .target = &value,
       .doc = "The record's value, a template.",
       .required = true,
       .template_for = format::Use::heartbeat},
      {.key = "headers",
       .target = &headers,
       .doc = "The record's headers, pairs of a name and a template.",
       .template_for = format::Use::heartbeat},
  };
}

std::vector<Field> Checkpoint::fields() {
  return {
      {.key = "interval",
       .target = &interval,
       .doc = "The longest time from a delivery to the commit of its position.",
       .least = 10,
       .most = ms(hours(1)),
       .in_place = true},
      {.key = "bytes",
       .target = &bytes,
       .doc = "The most bytes that are delivered before a commit.",
       .least = 64 * KiB,
       .most = 1024 * GiB,
       .in_place = true},
  };
}

std::vector<Field> Consumer::fields() {
  return {
      {.key = "topics",
       .target = &topics,
       .doc = "The topics to read: names, or a regular expression that begins with ^.",
       .required = true},
      {.key = "sinks",
       .target = &sinks,
       .doc = "Where every record goes: names of [sink.NAME].",
       .required = true},
  };
}

}  // namespace runnel::config
