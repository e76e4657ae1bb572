#include "service.hpp"

#include "descriptors.hpp"
#include "notify.hpp"
#include "setup.hpp"
#include "state_directory.hpp"

#include <runnel/flow/broken.hpp>
#include <runnel/format/template.hpp>
#include <runnel/kafka/consumer.hpp>
#include <runnel/kafka/producer.hpp>
#include <runnel/sinks/ledger_store.hpp>
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

delivery::CheckpointLimits limits_of(const config::Consumer& consumer) {
  return {consumer.checkpoint.interval, consumer.checkpoint.bytes.bytes};
}

const config::Sink& sink_of(const config::Config& config, const std::string& name) {
  return *std::ranges::find(config.sinks, name, &config::Sink::name);
}

const sinks::Kind& kind_of(const config::Sink& sink) {
  return *std::ranges::find(sinks::registry(), sink.type, [](const auto& each) { return each.config.type; });
}

Wanting wanting_of(const config::Config& config) {
  Wanting result{config.consumers.size(), config.producers.size()};
  for (const auto& consumer : config.consumers)
    for (const auto& name : consumer.sinks)
      if (kind_of(sink_of(config, name)).opens_files) ++result.file_sinks;
  return result;
}

}  // namespace

/// One [consumer.NAME] or one [producer.NAME].
struct Service::Part {
  std::string name;  // "consumer.NAME", "producer.NAME"
  std::unique_ptr<flow::Flow> flow;
  std::unique_ptr<flow::Publisher> publisher;
  std::unique_ptr<flow::Heartbeat> heartbeat;
  bool stopped = false;
};

/// A part of the next configuration, and the names of those of the last one that it begins after.
struct Service::Waiting {
  std::unique_ptr<Part> part;
  std::vector<std::string> after;
};

Service::Service(async::asio::io_context& loop, config::Config config, Dress dress, Watchdog& watchdog)
    : loop_(loop.get_executor()),
      config_(std::move(config)),
      dress_(dress),
      watchdog_(watchdog),
      descriptor_limit_(raise_descriptor_limit()),
      changed_(loop_),
      tasks_(loop_) {
  share_descriptors();
  for (const auto& consumer : config_.consumers) parts_.push_back(build(config_, consumer));
  for (const auto& producer : config_.producers) parts_.push_back(build(producer));
}

Service::~Service() = default;

std::unique_ptr<Service::Part> Service::build(const config::Config& config,
                                              const config::Consumer& consumer) {
  kafka::ConsumerParams source;
  source.name = consumer.name;
  source.topics = consumer.topics;
  source.properties = properties_of(consumer, config.runnel);
  source.memory = config.runnel.memory.bytes;

  flow::FlowParams params;
  std::vector<flow::NamedSink> sinks;
  bool keeps_files = false;
  for (const auto& name : consumer.sinks) {
    const auto& sink = sink_of(config, name);
    auto made = kind_of(sink).make(*sink.options, {name, consumer.name, loop_, clock_, {}, &descriptors_});
    keeps_files = keeps_files || made.keeps_files;
    params.shares_files = params.shares_files || made.shares_files;
    source.headers = source.headers || made.wants_headers;
    sinks.push_back({name, std::move(made.sink)});
  }

  params.name = consumer.name;
  params.reset = kafka::reset_of(source.properties);
  params.checkpoint = limits_of(consumer);
  params.drain = config.runnel.drain;
  std::unique_ptr<flow::LedgerStore> ledger;
  if (keeps_files)
    ledger = sinks::make_ledger_store({consumer.name,
                                       source.properties.at("group.id"),
                                       state_directory(config.runnel.state_dir),
                                       {},
                                       &descriptors_},
                                      loop_, clock_);
  auto part = std::make_unique<Part>();
  part->name = "consumer." + consumer.name;
  part->flow =
      std::make_unique<flow::Flow>(loop_, std::move(params), kafka::make_consumer(loop_, std::move(source)),
                                   std::move(sinks), clock_, std::move(ledger));
  return part;
}

std::unique_ptr<Service::Part> Service::build(const config::Producer& producer) {
  auto part = std::make_unique<Part>();
  part->name = "producer." + producer.name;
  part->publisher = kafka::make_producer(loop_, {producer.name, properties_of(producer)});
  const flow::HeartbeatParams params{producer.name, producer.interval, producer.count};
  part->heartbeat =
      std::make_unique<flow::Heartbeat>(loop_, params, message_maker(producer), *part->publisher, clock_);
  return part;
}

async::awaitable<void> Service::run() {
  for (const auto& part : parts_) tasks_.spawn(live(*part));
  tasks_.spawn(tell_each(1min, [](const std::optional<std::string>& line) {
    if (line) telemetry::info("runneld", "{}", *line);
  }));
  if (dress_.notified) tasks_.spawn(tell_systemd());
  if (dress_.live_status) {
    tasks_.spawn(tell_each(
        1s, [](const std::optional<std::string>& line) { telemetry::show_status(line.value_or("idle")); }));
  }
  co_await tasks_.join();
}

void Service::stop() {
  if (std::exchange(stopping_, true)) return;
  watchdog_.arm(clock_.now() + config_.runnel.drain + grace);
  for (const auto& part : parts_) stop(*part);
  changed_.notify();
}

void Service::stop(Part& part) {
  part.stopped = true;
  if (part.flow)
    part.flow->stop();
  else
    part.heartbeat->stop(clock_.now() + config_.runnel.drain);
}

async::awaitable<void> Service::take(config::Config next, const std::vector<config::Planned>& plan) {
  auto fresh = build_new(next, plan);
  const auto before = std::exchange(config_, std::move(next));
  adjust();
  share_descriptors();
  for (const auto& [name, change, keys] : plan) {
    auto* old = find(name);
    if (old != nullptr && (change == config::Change::replaced || change == config::Change::removed))
      stop(*old);
  }
  for (auto& [name, part] : fresh) waiting_.push_back({std::move(part), predecessors(name, before)});
  begin_waiting();
  const auto stopped = [](const auto& part) { return part->stopped; };
  while (!stopping_ && std::ranges::any_of(parts_, stopped)) co_await changed_.wait();
}

// Of what is being stopped: what it replaces, and whose files it may write.
std::vector<std::string> Service::predecessors(const std::string& name, const config::Config& before) const {
  std::vector<std::string> result;
  for (const auto& part : parts_)
    if (part->stopped && (part->name == name || config::may_share_a_file(before, part->name, config_, name)))
      result.push_back(part->name);
  return result;
}

void Service::begin_waiting() {
  if (stopping_) return;
  const auto ends = [this](const std::string& name) {
    const auto* part = find(name);
    return part != nullptr && part->stopped;
  };
  std::erase_if(waiting_, [&](Waiting& each) {
    const bool held = std::ranges::any_of(each.after, ends);
    if (!held) begin(std::move(each.part));
    return !held;
  });
}

void Service::refused(std::string why) {
  refused_ = std::move(why);
  changed_.notify();
}

std::map<std::string, std::unique_ptr<Service::Part>> Service::build_new(
    const config::Config& next, const std::vector<config::Planned>& plan) {
  const auto is_new = [&plan](const std::string& name) {
    const auto planned = std::ranges::find(plan, name, &config::Planned::part);
    return planned->change == config::Change::added || planned->change == config::Change::replaced;
  };
  std::map<std::string, std::unique_ptr<Part>> fresh;
  for (const auto& consumer : next.consumers)
    if (const auto name = "consumer." + consumer.name; is_new(name)) fresh[name] = build(next, consumer);
  for (const auto& producer : next.producers)
    if (const auto name = "producer." + producer.name; is_new(name)) fresh[name] = build(producer);
  return fresh;
}

void Service::share_descriptors() {
  const auto shares = share(descriptor_limit_, wanting_of(config_));
  descriptors_.share(shares.files_each);
  if (!shares.enough)
    telemetry::warn("runneld",
                    "{} file descriptors are too few for this configuration, which may need {}; files are "
                    "written slowly, or not at all until some are free; raise LimitNOFILE= of the unit, or "
                    "ulimit -n",
                    descriptor_limit_, shares.needed);
}

// What runs, and still will, gets the limits of the configuration as it is now.
void Service::adjust() {
  for (const auto& consumer : config_.consumers)
    if (auto* part = find("consumer." + consumer.name))
      part->flow->adjust(limits_of(consumer), config_.runnel.drain);
  for (const auto& producer : config_.producers)
    if (auto* part = find("producer." + producer.name)) part->heartbeat->adjust(producer.interval);
}

Service::Part* Service::find(const std::string& name) const {
  const auto found = std::ranges::find_if(parts_, [&](const auto& part) { return part->name == name; });
  return found == parts_.end() ? nullptr : found->get();
}

void Service::begin(std::unique_ptr<Part> part) {
  tasks_.spawn(live(*parts_.emplace_back(std::move(part))));
}

async::awaitable<void> Service::live(Part& part) {
  bool clean = false;
  if (part.flow)
    clean = co_await run_flow(*part.flow);
  else
    clean = co_await run_beat(*part.heartbeat);

  add(part, gone_);
  const auto self = std::ranges::find_if(parts_, [&](const auto& each) { return each.get() == &part; });
  auto ended = std::move(*self);
  parts_.erase(self);
  begin_waiting();
  if (parts_.empty()) watchdog_.leave_soon();
  changed_.notify();
  if (clean && part.flow)
    co_await part.flow->dispose();
  else if (clean)
    co_await part.publisher->dispose();
  else
    stuck_.push_back(std::move(ended));
}

async::awaitable<bool> Service::run_flow(flow::Flow& flow) {
  try {
    const auto end = co_await flow.run();
    co_return judge(end, flow.name());
  } catch (const flow::Broken& error) {
    // What holds a file may be a part that was left behind, and only a new process gets it: systemd starts
    // one.
    const bool left_behind = error.exit_code == flow::exit_lock_held && !stuck_.empty();
    fail(error.what(), left_behind ? flow::exit_internal : error.exit_code);
  }
  co_return false;
}

async::awaitable<bool> Service::run_beat(flow::Heartbeat& heartbeat) {
  co_await heartbeat.run();
  const bool all_acknowledged = heartbeat.tally().counters().outstanding() == 0;
  if (!all_acknowledged && stopping_) watchdog_.set_code(flow::exit_unavailable);
  co_return all_acknowledged || !stopping_;
}

// Whether nothing of it is left that could hold up a destructor.
bool Service::judge(const flow::FlowEnd& end, const std::string& name) {
  const auto area = "flow " + name;
  if (end.given_up && stopping_) watchdog_.set_code(flow::exit_unavailable);
  if (end.uncommitted && !end.given_up)
    telemetry::warn(
        area,
        "all that was read is delivered, but not all of it is committed: what came since the last commit may "
        "come again at the next start; leave its files as they are until then");
  if (!end.left_group)
    telemetry::warn(area, "the group did not answer in time; it notices by its session timeout");
  if (end.reader_gone && dress_.under_journal)
    fail(area + ": nobody reads standard output any more; the flow cannot go on", flow::exit_internal);
  else if (end.reader_gone)
    stop();
  return end.left_group && !end.given_up;
}

void Service::fail(const std::string& sentence, int code) {
  telemetry::error("runneld", "{}", sentence);
  watchdog_.set_code(code);
  stop();
}

async::awaitable<void> Service::tell_each(std::chrono::seconds period,
                                          void (*say)(const std::optional<std::string>&)) {
  const StatusTeller teller{period, [this] { return numbers(); }, [this] { return !parts_.empty(); }, say};
  co_await teller.run(clock_, changed_);
}

// Fed here and nowhere else, and only when every part has progress.
async::awaitable<void> Service::tell_systemd() {
  Reporter reporter(watchdog_time());
  while (!parts_.empty()) {
    const auto at = clock_.now();
    const auto seen = now();
    const auto report = reporter.look(seen, at);
    if (report.status) notify_status(telemetry::presentable(*report.status), report.alive);
    if (report.stuck)
      telemetry::error("watchdog", "{}; unless it goes on, systemd starts it again", *report.stuck);
    const auto until = at + reporter.pause();
    while (!parts_.empty() && clock_.now() < until && seen.stopping == stopping_ && seen.refused == refused_)
      co_await clock_.wait(changed_, until);
  }
}

ServiceNow Service::now() const {
  ServiceNow result{numbers(), {}, stopping_, refused_};
  for (const auto& part : parts_) {
    if (part->flow)
      result.parts.push_back({"flow " + part->flow->name(), part->flow->standing()});
    else
      result.parts.push_back({"producer " + part->heartbeat->name(), part->heartbeat->standing()});
  }
  return result;
}

Numbers Service::numbers() const {
  auto result = gone_;
  result.lag = 0;
  for (const auto& part : parts_) add(*part, result);
  return result;
}

void Service::add(const Part& part, Numbers& numbers) {
  if (part.flow) {
    numbers.records += part.flow->counters().records;
    numbers.lag += part.flow->lag();
    for (const auto& sink : part.flow->sinks())
      numbers.sinks["flow " + part.flow->name() + ", sink " + sink.name] += sink.busy;
  } else {
    numbers.missed_ticks += part.heartbeat->tally().counters().missed;
  }
}

}  // namespace runnel::daemon
