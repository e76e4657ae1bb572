// The limit: what librdkafka and a file allow when nothing else is done. A member of a group that consumes
// batches of 1,000, copies each value and a newline into a buffer of 256 KiB, and writes that to a file;
// librdkafka's own fetch and queue sizes, no commits. Ends after COUNT records. With `sync` it also calls
// fdatasync each second or 256 MiB, as a checkpoint does.
//
//   bench_limit BROKER TOPIC GROUP COUNT FILE [sync]
#include "rdkafka.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace runnel::bench {
namespace {

constexpr std::size_t batch = 1000;
constexpr std::size_t enough = 256 << 10;

class File {
 public:
  File(const char* path, bool sync) : fd_(::open(path, O_WRONLY | O_CREAT | O_APPEND, 0640)), sync_(sync) {
    if (fd_ < 0) give_up(path, std::strerror(errno));
    buffer_.reserve(enough + (64 << 10));
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { ::close(fd_); }

  void append(std::string_view value) {
    buffer_.append(value);
    buffer_.push_back('\n');
    if (buffer_.size() >= enough) write();
  }

  void write() {
    for (std::string_view rest = buffer_; !rest.empty();) {
      const auto count = ::write(fd_, rest.data(), rest.size());
      if (count < 0) give_up("write", std::strerror(errno));
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    unsynced_ += buffer_.size();
    buffer_.clear();
  }

  void sync_if_due() {
    const auto now = std::chrono::steady_clock::now();
    if (!sync_ || (now < synced_ + std::chrono::seconds(1) && unsynced_ < (256 << 20))) return;
    sync();
    synced_ = now;
  }

  void sync() {
    write();
    if (sync_ && ::fdatasync(fd_) != 0) give_up("fdatasync", std::strerror(errno));
    unsynced_ = 0;
  }

 private:
  int fd_;
  bool sync_;
  std::string buffer_;
  std::size_t unsynced_ = 0;
  std::chrono::steady_clock::time_point synced_ = std::chrono::steady_clock::now();
};

void run(const char* broker, const char* topic, const char* group, std::uint64_t count, File& file) {
  const auto consumer = make_handle(RD_KAFKA_CONSUMER, rd_kafka_conf_new(),
                                    {{"bootstrap.servers", broker},
                                     {"group.id", group},
                                     {"auto.offset.reset", "earliest"},
                                     {"enable.auto.commit", "false"}});
  rd_kafka_poll_set_consumer(consumer.get());
  const Queue queue(rd_kafka_queue_get_consumer(consumer.get()));
  const List topics(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(topics.get(), topic, RD_KAFKA_PARTITION_UA);
  const auto error = rd_kafka_subscribe(consumer.get(), topics.get());
  if (error != 0) give_up("subscribe", rd_kafka_err2str(error));

  std::array<rd_kafka_message_t*, batch> messages{};
  for (std::uint64_t seen = 0; seen < count;) {
    const auto read = rd_kafka_consume_batch_queue(queue.get(), 100, messages.data(), batch);
    for (std::size_t i = 0; i < static_cast<std::size_t>(read < 0 ? 0 : read); ++i) {
      const auto& message = *messages[i];
      if (message.err != 0) give_up("consume", rd_kafka_message_errstr(&message));
      file.append({static_cast<const char*>(message.payload), message.len});
      ++seen;
      rd_kafka_message_destroy(messages[i]);
    }
    file.sync_if_due();
  }
  file.sync();
  rd_kafka_consumer_close(consumer.get());
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) {
  const bool sync = argc == 7 && std::string_view(argv[6]) == "sync";
  if (argc != 6 && !sync) runnel::bench::give_up("bench_limit", "BROKER TOPIC GROUP COUNT FILE [sync]");
  runnel::bench::File file(argv[5], sync);
  runnel::bench::run(argv[1], argv[2], argv[3], std::stoull(argv[4]), file);
}
