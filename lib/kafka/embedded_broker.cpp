#include "handles.hpp"

#include <runnel/kafka/embedded_broker.hpp>

#include <librdkafka/rdkafka_mock.h>

#include <stdexcept>
#include <vector>

namespace runnel::kafka {

using Cluster = std::unique_ptr<rd_kafka_mock_cluster_t, Destroy<rd_kafka_mock_cluster_destroy>>;

struct EmbeddedBroker::Impl {
  Handle host;  // lends the cluster its threads
  Cluster cluster;
  int brokers;
};

EmbeddedBroker::EmbeddedBroker(int brokers) {
  auto host = make_handle(Side::producer, make_conf(Side::producer, {}));
  Cluster cluster(rd_kafka_mock_cluster_new(host.get(), brokers));
  if (!cluster) throw std::runtime_error("the embedded broker cannot be started: no free port on 127.0.0.1?");
  impl_ = std::make_unique<Impl>(std::move(host), std::move(cluster), brokers);
}

EmbeddedBroker::~EmbeddedBroker() = default;

std::string EmbeddedBroker::address() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster.get());
}

void EmbeddedBroker::create_topic(const std::string& topic, int partitions) {
  const auto error = rd_kafka_mock_topic_create(impl_->cluster.get(), topic.c_str(), partitions, 1);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(topic + ": " + rd_kafka_err2str(error));
}

void EmbeddedBroker::fail_requests(short api_key, int error, int count) {
  const std::vector<rd_kafka_resp_err_t> errors(static_cast<std::size_t>(count),
                                                static_cast<rd_kafka_resp_err_t>(error));
  rd_kafka_mock_push_request_errors_array(impl_->cluster.get(), api_key, errors.size(), errors.data());
}

void EmbeddedBroker::fail_no_more(short api_key) {
  rd_kafka_mock_clear_request_errors(impl_->cluster.get(), api_key);
}

void EmbeddedBroker::set_down(bool down) {
  for (int id = 1; id <= impl_->brokers; ++id) {
    if (down)
      rd_kafka_mock_broker_set_down(impl_->cluster.get(), id);
    else
      rd_kafka_mock_broker_set_up(impl_->cluster.get(), id);
  }
}

void EmbeddedBroker::set_round_trip(int milliseconds) {
  for (int id = 1; id <= impl_->brokers; ++id)
    rd_kafka_mock_broker_set_rtt(impl_->cluster.get(), id, milliseconds);
}

}  // namespace runnel::kafka
