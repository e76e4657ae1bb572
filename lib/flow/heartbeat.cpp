#include <runnel/flow/heartbeat.hpp>
#include <runnel/telemetry/log.hpp>

#include <algorithm>
#include <utility>

namespace runnel::flow {

Heartbeat::Heartbeat(const async::asio::any_io_executor& loop, HeartbeatParams params, MakeMessage make,
                     Publisher& publisher, Clock& clock)
    : params_(std::move(params)),
      make_(std::move(make)),
      publisher_(publisher),
      clock_(clock),
      area_("producer " + params_.name),
      changed_(loop),
      tasks_(loop) {}

async::awaitable<void> Heartbeat::run() {
  tasks_.spawn(tick());
  co_await tasks_.join();
  tell_end();
}

void Heartbeat::stop(time_point deadline) {
  stopping_ = true;
  deadline_ = std::min(deadline_, deadline);
  changed_.notify();
}

void Heartbeat::adjust(std::chrono::nanoseconds interval) {
  params_.interval = interval;
  if (schedule_) schedule_->change(interval, clock_.now());
  changed_.notify();
}

async::awaitable<void> Heartbeat::tick() {
  schedule_.emplace(clock_.now(), params_.interval, params_.count);
  while (!schedule_->spent()) {
    co_await clock_.wait(changed_, schedule_->next());
    if (stopping_) break;
    if (auto due = schedule_->due(clock_.now())) beat(*due);
  }
  co_await drain();
}

delivery::Standing Heartbeat::standing() const {
  const auto& counters = tally_.counters();
  delivery::Standing result{counters.made + counters.missed, {}};
  if (schedule_ && !schedule_->spent() && !stopping_)
    result.waits.push_back({.what = "the next tick", .until = schedule_->next(), .idle = true});
  else
    result.waits.push_back({.what = "the brokers to acknowledge", .until = deadline_});
  return result;
}

async::awaitable<void> Heartbeat::drain() {
  while (tally_.counters().outstanding() > 0 && clock_.now() < deadline_) {
    co_await clock_.wait(changed_, deadline_);
  }
  tasks_.stop();  // the reports that are still out come too late
}

void Heartbeat::beat(const delivery::Tick& tick) {
  auto now = clock_.now();
  if (tick.missed > 0) {
    auto count = tally_.missed(tick.missed, now);
    if (count) telemetry::warn(area_, "ticks missed: {} (the process was held up)", *count);
  }
  tally_.made();
  if (!publisher_.has_room()) return failed("the producer's queue is full");
  tasks_.spawn(deliver(make_(tick.seq, clock_.wall() - (now - tick.scheduled))));
}

async::awaitable<void> Heartbeat::deliver(Message message) {
  Report report = co_await publisher_.send(std::move(message));
  if (report.code == 0) {
    tally_.delivered();
  } else {
    failed(report.reason);
  }
  changed_.notify();
}

void Heartbeat::failed(const std::string& reason) {
  auto count = tally_.failed(reason, clock_.now());
  if (count) telemetry::warn(area_, "records not delivered: {} ({})", *count, reason);
}

void Heartbeat::tell_end() const {
  const auto& all = tally_.counters();
  telemetry::info(area_, "ended; records: {}, delivered: {}, failed: {}, ticks missed: {}", all.made,
                  all.delivered, all.failed, all.missed);
  if (all.outstanding() == 0) return;
  telemetry::warn(area_, "records not acknowledged in time: {}; they may not be in Kafka", all.outstanding());
}

}  // namespace runnel::flow
