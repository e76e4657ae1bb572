// Produces at a steady pace until SIGTERM, in turn to each of the partitions; then waits until the broker has
// all, and prints how many each partition has got. The values are those of oracle.py.
//
//   chaos_produce BROKER TOPIC RATE PARTITIONS
//
// What is due while the broker is away is produced when it is back: nothing is left out, and nothing comes
// twice.
#include "bench/rdkafka.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

namespace runnel::chaos {
namespace {

constexpr std::size_t value_size = 100;
std::atomic<bool> told_to_end{false};

// "PP SSSSSSSSSS " and the ten digits again and again.
std::array<char, value_size> value(std::int32_t partition, std::uint64_t sequence) {
  std::array<char, value_size + 1> text;
  std::snprintf(text.data(), text.size(), "%02d %010llu ", partition,
                static_cast<unsigned long long>(sequence));
  for (std::size_t i = 14; i < value_size; ++i) text[i] = text[3 + (i - 14) % 10];
  std::array<char, value_size> result;
  std::copy_n(text.begin(), value_size, result.begin());
  return result;
}

class Producer {
 public:
  Producer(const char* broker, const char* name, int partitions)
      : handle_(bench::make_producer({{"bootstrap.servers", broker},
                                      {"enable.idempotence", "true"},
                                      {"linger.ms", "5"},
                                      {"message.timeout.ms", "0"},  // never
                                      {"queue.buffering.max.messages", "5000000"},
                                      {"reconnect.backoff.max.ms", "200"}})),
        topic_(rd_kafka_topic_new(handle_.get(), name, nullptr)),
        counts_(static_cast<std::size_t>(partitions)) {}

  void produce(std::uint64_t number) {
    const auto partition = number % counts_.size();
    auto& count = counts_[partition];
    const auto to = static_cast<std::int32_t>(partition);
    auto bytes = value(to, count);
    if (rd_kafka_produce(topic_.get(), to, RD_KAFKA_MSG_F_COPY, bytes.data(), bytes.size(), nullptr, 0,
                         nullptr) != 0)
      bench::give_up("produce", rd_kafka_err2str(rd_kafka_last_error()));
    ++count;
  }

  void poll() { rd_kafka_poll(handle_.get(), 0); }

  void finish() { bench::flush(handle_); }

  const std::vector<std::uint64_t>& counts() const { return counts_; }

 private:
  bench::Handle handle_;
  bench::Topic topic_;
  std::vector<std::uint64_t> counts_;
};

void run(Producer& producer, double rate) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::uint64_t number = 0;
  while (!told_to_end) {
    const std::chrono::duration<double> passed = Clock::now() - begin;
    for (const auto due = static_cast<std::uint64_t>(passed.count() * rate); number < due; ++number)
      producer.produce(number);
    producer.poll();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  producer.finish();
  const std::chrono::duration<double> passed = Clock::now() - begin;
  std::printf("%.1f", passed.count());
  for (const auto count : producer.counts()) std::printf(" %llu", static_cast<unsigned long long>(count));
  std::printf("\n");
}

}  // namespace
}  // namespace runnel::chaos

int main(int argc, char** argv) {
  if (argc != 5) runnel::bench::give_up("chaos_produce", "BROKER TOPIC RATE PARTITIONS");
  std::signal(SIGTERM, [](int) { runnel::chaos::told_to_end = true; });
  runnel::chaos::Producer producer(argv[1], argv[2], std::stoi(argv[4]));
  runnel::chaos::run(producer, std::stod(argv[3]));
}
