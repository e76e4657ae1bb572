#include "service.hpp"

#include "setup.hpp"

#include <runnel/flow/broken.hpp>
#include <runnel/format/template.hpp>
#include <runnel/kafka/consumer.hpp>
#include <runnel/kafka/producer.hpp>
#include <runnel/sinks/registry.hpp>
#include <runnel/telemetry/log.hpp>

#include <algorithm>
#include <utility>

namespace runnel::daemon {
namespace {

using namespace std::chrono_literals;

// How much longer than `drain` the end of the process may take.
constexpr auto grace = 500ms;

flow::MakeMessage message_maker(const config::Producer& producer) {
  using format::Template;
  constexpr auto use = format::Use::heartbeat;
  std::optional<Template> key;
  if (producer.key) key.emplace(*producer.key, use);
  std::vector<std::pair<std::string, Template>> headers;
  for (const auto& [name, value] : producer.headers) headers.emplace_back(name, Template(value, use));

  return [topic = producer.topic, name = producer.name, key = std::move(key),
          value = Template(producer.value, use),
          headers = std::move(headers)](std::uint64_t seq, std::chrono::system_clock::time_point scheduled) {
    const format::Values values{.time = scheduled, .seq = seq, .name = name, .topic = topic};
    flow::Message message;
    message.topic = topic;
    if (key) message.key = key->render(values);
    message.value = value.render(values);
    for (const auto& [header, text] : headers) message.headers.emplace_back(header, text.render(values));
    message.timestamp = scheduled;
    return message;
  };
}

}  // namespace

struct Service::Beat {
  std::unique_ptr<flow::Publisher> publisher;
  std::unique_ptr<flow::Heartbeat> heartbeat;
};

Service::Service(async::asio::io_context& loop, const config::Config& config, Dress dress, Watchdog& watchdog)
    : loop_(loop.get_executor()),
      config_(config),
      dress_(dress),
      watchdog_(watchdog),
      ended_(loop_),
      tasks_(loop_) {
  for (const auto& consumer : config.consumers) add(consumer);
  for (const auto& producer : config.producers) add(producer);
}

Service::~Service() = default;

void Service::add(const config::Consumer& consumer) {
  kafka::ConsumerParams source;
  source.name = consumer.name;
  source.topics = consumer.topics;
  source.properties = properties_of(consumer, config_.runnel);
  source.memory = config_.runnel.memory.bytes;

  std::vector<flow::NamedSink> sinks;
  for (const auto& name : consumer.sinks) {
    const auto& sink = *std::ranges::find(config_.sinks, name, &config::Sink::name);
    const auto kinds = sinks::registry();
    const auto kind =
        std::ranges::find(kinds, sink.type, [](const sinks::Kind& each) { return each.config.type; });
    auto made = kind->make(*sink.options, {name, consumer.name, loop_, clock_});
    source.headers = source.headers || made.wants_headers;
    sinks.push_back({name, std::move(made.sink)});
  }

  flow::FlowParams params;
  params.name = consumer.name;
  params.reset = kafka::reset_of(source.properties);
  params.checkpoint = {consumer.checkpoint.interval, consumer.checkpoint.bytes.bytes};
  params.drain = config_.runnel.drain;
  flows_.push_back(std::make_unique<flow::Flow>(
      loop_, std::move(params), kafka::make_consumer(loop_, std::move(source)), std::move(sinks), clock_));
}

void Service::add(const config::Producer& producer) {
  auto beat = std::make_unique<Beat>();
  beat->publisher = kafka::make_producer(loop_, {producer.name, properties_of(producer)});
  const flow::HeartbeatParams params{producer.name, producer.interval, producer.count};
  beat->heartbeat =
      std::make_unique<flow::Heartbeat>(loop_, params, message_maker(producer), *beat->publisher, clock_);
  beats_.push_back(std::move(beat));
}

async::awaitable<void> Service::run() {
  running_ = flows_.size() + beats_.size();
  for (auto& flow : flows_) tasks_.spawn(run_flow(*flow));
  for (auto& beat : beats_) tasks_.spawn(run_beat(*beat));
  tasks_.spawn(tell_each(1min, [](const std::optional<std::string>& line) {
    if (line) telemetry::info("runneld", "{}", *line);
  }));
  if (dress_.live_status) {
    tasks_.spawn(tell_each(
        1s, [](const std::optional<std::string>& line) { telemetry::show_status(line.value_or("idle")); }));
  }
  co_await tasks_.join();
}

void Service::stop() {
  if (std::exchange(stopping_, true)) return;
  const auto deadline = clock_.now() + config_.runnel.drain;
  watchdog_.arm(deadline + grace);
  for (auto& flow : flows_) flow->stop();
  for (auto& beat : beats_) beat->heartbeat->stop(deadline);
}

async::awaitable<void> Service::run_flow(flow::Flow& flow) {
  try {
    const auto end = co_await flow.run();
    judge(end, flow.name());
  } catch (const flow::Broken& error) {
    fail(error.what(), error.exit_code);
  }
  ended_one();
}

async::awaitable<void> Service::run_beat(Beat& beat) {
  co_await beat.heartbeat->run();
  if (beat.heartbeat->tally().counters().outstanding() > 0) {
    clean_ = false;
    watchdog_.set_code(flow::exit_unavailable);
  }
  ended_one();
}

void Service::judge(const flow::FlowEnd& end, const std::string& name) {
  const auto area = "flow " + name;
  if (!end.left_group || end.given_up) clean_ = false;
  if (end.given_up) watchdog_.set_code(flow::exit_unavailable);
  if (end.uncommitted && !end.given_up)
    telemetry::warn(
        area,
        "all that was read is delivered, but the last commit has no answer: what came since the one "
        "before may come again at the next start");
  if (!end.left_group)
    telemetry::warn(area, "the group did not answer in time; it notices by its session timeout");
  if (!end.reader_gone) return;
  if (dress_.under_journal)
    fail(area + ": nobody reads standard output any more; the flow cannot go on", flow::exit_internal);
  else
    stop();
}

void Service::fail(const std::string& sentence, int code) {
  telemetry::error("runneld", "{}", sentence);
  watchdog_.set_code(code);
  clean_ = false;
  stop();
}

void Service::ended_one() {
  if (--running_ > 0) return;
  watchdog_.arm(clock_.now() + config_.runnel.drain + grace);
  ended_.notify();
}

async::awaitable<void> Service::tell_each(std::chrono::seconds period,
                                          void (*say)(const std::optional<std::string>&)) {
  const StatusTeller teller{period, [this] { return numbers(); }, [this] { return running_ > 0; }, say};
  co_await teller.run(clock_, ended_);
}

Numbers Service::numbers() const {
  Numbers result;
  for (const auto& flow : flows_) {
    result.records += flow->counters().records;
    result.lag += flow->lag();
    for (const auto& sink : flow->sinks())
      result.sinks["flow " + flow->name() + ", sink " + sink.name] = sink.busy;
  }
  for (const auto& beat : beats_) result.missed_ticks += beat->heartbeat->tally().counters().missed;
  return result;
}

}  // namespace runnel::daemon
