// Fills a topic: COUNT values of SIZE bytes (values.hpp), in turn to each of PARTITIONS partitions.
//
//   bench_fill BROKER TOPIC COUNT SIZE PARTITIONS
#include "rdkafka.hpp"
#include "values.hpp"

#include <cstdint>
#include <string>

namespace runnel::bench {
namespace {

void fill(const char* broker, const char* name, std::uint64_t count, std::size_t size, int partitions) {
  const auto producer = make_producer({{"bootstrap.servers", broker},
                                       {"linger.ms", "50"},
                                       {"enable.idempotence", "true"}});  // none twice, in order
  const Topic topic(rd_kafka_topic_new(producer.get(), name, nullptr));
  const Values values(size);
  std::string value(size, ' ');
  for (std::uint64_t number = 0; number < count; ++number) {
    values.write(number, value.data());
    const auto partition = static_cast<std::int32_t>(number % static_cast<std::uint64_t>(partitions));
    while (rd_kafka_produce(topic.get(), partition, RD_KAFKA_MSG_F_COPY, value.data(), size, nullptr, 0,
                            nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
        give_up("produce", rd_kafka_err2str(rd_kafka_last_error()));
      rd_kafka_poll(producer.get(), 10);
    }
    if (number % 1000 == 0) rd_kafka_poll(producer.get(), 0);
  }
  flush(producer);
}

}  // namespace
}  // namespace runnel::bench

int main(int argc, char** argv) {
  if (argc != 6) runnel::bench::give_up("bench_fill", "BROKER TOPIC COUNT SIZE PARTITIONS");
  const auto size = std::stoull(argv[4]);
  if (size < 16 || size > 32'768) runnel::bench::give_up("SIZE", "16 to 32768");
  runnel::bench::fill(argv[1], argv[2], std::stoull(argv[3]), size, std::stoi(argv[5]));
}
