#include "syslog.hpp"

#include "answers.hpp"

#include <runnel/config/units.hpp>

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace runnel::sinks {
namespace {

using namespace std::chrono_literals;
using Way = SyslogAddress::Way;

constexpr std::size_t enough = 256 * 1024;  // bytes that are worth a write
constexpr auto slice = 100ms;               // how often a wait looks whether anybody waits for it

SyslogWindow::time_point now() {
  return std::chrono::steady_clock::now();
}

std::string hostname() {
  std::array<char, 256> buffer{};
  return ::gethostname(buffer.data(), buffer.size() - 1) == 0 ? buffer.data() : "";
}

format::SyslogParams::Form form_over(Way way) {
  switch (way) {
    case Way::local:
      return format::SyslogParams::Form::local;
    case Way::udp:
      return format::SyslogParams::Form::rfc5424;
    case Way::tcp:
      return format::SyslogParams::Form::counted;
  }
  return {};  // not reached: the switch names them all
}

format::SyslogParams frame_params(const SyslogOptions& options) {
  format::SyslogParams params;
  params.form = form_over(parse_syslog_address(options.address).value().way);
  params.priority = format::syslog_priority(options.facility, options.severity).value();
  params.app_name = options.app_name;
  params.hostname = hostname();
  params.pid = ::getpid();
  params.most = options.max_message.bytes;
  return params;
}

std::vector<std::string_view> names(std::span<const std::string_view> all) {
  std::vector<std::string_view> result;
  std::ranges::copy_if(all, std::back_inserter(result), [](auto name) { return !name.empty(); });
  return result;
}

std::string wrong_app_name(std::string_view name) {
  return format::is_syslog_name(name) ? ""
                                      : "a name here is 1 to 48 letters, digits, ., _ and -; choose another";
}

std::unique_ptr<config::SinkOptions> options() {
  return std::make_unique<SyslogOptions>();
}

Made make(const config::SinkOptions& given, const Context& context) {
  const auto& chosen = static_cast<const SyslogOptions&>(given);
  return {std::make_unique<SyslogSink>(chosen, context),
          format::make_formatter(chosen.chosen())->wants_headers()};
}

}  // namespace

std::vector<config::Field> SyslogOptions::fields() {
  std::vector<config::Field> fields;
  fields.push_back({.key = "address",
                    .target = &address,
                    .doc =
                        "The server: the path of its socket (/dev/log), udp://HOST:PORT or tcp://HOST:PORT, "
                        "with an IPv6 address in brackets.",
                    .wrong = wrong_syslog_address});
  fields.push_back({.key = "facility",
                    .target = &facility,
                    .doc = "The facility of every message.",
                    .choices = names(format::syslog_facilities())});
  fields.push_back({.key = "severity",
                    .target = &severity,
                    .doc = "The severity of every message.",
                    .choices = names(format::syslog_severities())});
  fields.push_back({.key = "app_name",
                    .target = &app_name,
                    .doc =
                        "The name of the program in every message (journalctl -t): 1 to 48 letters, digits, "
                        "., _ and -.",
                    .wrong = wrong_app_name});
  fields.push_back({.key = "max_message",
                    .target = &max_message,
                    .doc =
                        "The most bytes of a message with its header; what is longer is cut at a character's "
                        "boundary, counted and logged.",
                    .least = 1024,
                    .most = 60 * 1024});
  add_fields(fields);
  return fields;
}

SyslogSink::SyslogSink(const SyslogOptions& options, const Context& context,
                       std::chrono::milliseconds patience)
    : area_("sink " + context.name),
      shown_(options.address),
      address_(parse_syslog_address(options.address).value()),
      max_message_(options.max_message),
      patience_(patience),
      clock_(context.clock),
      formatter_(format::make_formatter(options.chosen())),
      frames_(frame_params(options)),
      errands_(context.loop, context.clock) {}

async::awaitable<flow::Delivered> SyslogSink::deliver(const delivery::Batch& batch, flow::Hurry& hurry) {
  const bool free = co_await errands_.idle(hurry);
  if (!free) co_return late();
  if (!same(batch, batch_)) {
    batch_ = batch;
    left_ = batch.records;
    given_ = clock_.wall();
    dirty_ = true;
  }
  auto call = attempt(&SyslogSink::write);
  auto result = co_await errands_.run(std::move(call), hurry);
  if (result.outcome == flow::Outcome::done) batch_ = {};
  co_return result;
}

async::awaitable<flow::Delivered> SyslogSink::prepare(flow::Hurry& hurry) {
  if (!dirty_) co_return flow::Delivered();
  auto call = attempt(&SyslogSink::settle);
  auto result = co_await errands_.run(std::move(call), hurry);
  if (result.outcome == flow::Outcome::done) dirty_ = false;
  co_return result;
}

async::awaitable<void> SyslogSink::stop(flow::Hurry& hurry) {
  const bool free = co_await errands_.idle(hurry);
  if (free) end();
}

// What the network refuses is an outcome.
Errands::Call SyslogSink::attempt(flow::Delivered (SyslogSink::*work)()) {
  return [this, work]() -> flow::Delivered {
    try {
      auto result = (this->*work)();
      tell_of_cuts();
      return result;
    } catch (const SocketError& error) {
      disconnect();
      return failed(shown_ + ": " + error.what());
    }
  };
}

flow::Delivered SyslogSink::write() {
  connect();
  for (;;) {
    auto result = push();
    if (result.outcome != flow::Outcome::done || left_.empty()) return result;
    make_frames();
  }
}

// Only what has arrived may be committed.
flow::Delivered SyslogSink::settle() {
  connect();
  auto result = push();
  if (result.outcome != flow::Outcome::done) return result;
  auto least = socket_->unacknowledged();
  auto since = now();
  for (auto pause = 1ms; least > 0; pause = std::min(2 * pause, 32ms)) {
    if (errands_.given_up()) return late();
    if (now() - since >= patience_) return stuck("does not take what was sent");
    socket_->wait_for_news(pause);
    socket_->check();
    const auto left = socket_->unacknowledged();
    if (left < least) since = now();
    least = std::min(least, left);
  }
  socket_->check();
  socket_->check_server();
  window_.acknowledge_all_but(0, now());
  if (address_.way != Way::tcp) window_.forget_acknowledged();
  return {};
}

// Until the socket has all that is in the window.
flow::Delivered SyslogSink::push() {
  auto since = now();
  while (const auto* frames = window_.next()) {
    if (errands_.given_up()) return late();
    const auto count = socket_->send(*frames, window_.offset());
    if (count > 0) {
      since = now();
      window_.sent(count, since);
      window_.acknowledge_all_but(socket_->unacknowledged(), since);
    } else {
      if (now() - since >= patience_) return stuck("takes nothing");
      socket_->wait_for_room(slice);
      socket_->check();
    }
  }
  return {};
}

void SyslogSink::make_frames() {
  std::vector<std::size_t> ends;
  bytes_.clear();
  while (!left_.empty() && bytes_.size() < enough) {
    message_.clear();
    formatter_->append(left_.first(1), message_, 1);
    std::string_view text(message_);
    if (text.ends_with('\n')) text.remove_suffix(1);
    const bool whole = frames_.append(left_.front(), text, given_, bytes_);
    if (!whole) ++cut_;
    ends.push_back(bytes_.size());
    left_ = left_.subspan(1);
  }
  window_.add(bytes_, std::move(ends));
  if (message_.capacity() > 4 * enough)
    std::string().swap(message_);  // one huge record must not stay as memory
}

// Does nothing while it is connected.
void SyslogSink::connect() {
  if (socket_) {
    try {
      return socket_->check();
    } catch (const SocketError& error) {
      tell(telemetry::Level::warning, "ended", fmt::format("{}: {}; connecting again", shown_, error.what()));
      disconnect();
    }
  }
  socket_ = std::make_unique<SyslogSocket>(address_, attempt_, [this] { return errands_.given_up(); });
  const auto again = window_.bytes();
  tell(telemetry::Level::info, "connected",
       again == 0 ? fmt::format("connected to {}", shown_)
                  : fmt::format("connected to {}; {} bytes that may not have arrived go out (again)", shown_,
                                again));
}

void SyslogSink::disconnect() {
  if (socket_) ++attempt_;
  count_cuts_of_socket();
  socket_.reset();
  cut_by_socket_ = 0;
  window_.rewind(now());
}

flow::Delivered SyslogSink::stuck(std::string_view what) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::duration<double>>(patience_).count();
  return failed(fmt::format("{}: {} for {} s", shown_, what, seconds));
}

// One line a cause and minute.
void SyslogSink::tell(telemetry::Level level, std::string_view cause, const std::string& text) {
  if (throttle_.pass(cause, now())) telemetry::log(level, area_, text);
}

void SyslogSink::count_cuts_of_socket() {
  if (!socket_) return;
  const auto all = socket_->cut();
  cut_ += all - std::exchange(cut_by_socket_, all);
}

void SyslogSink::tell_of_cuts() {
  count_cuts_of_socket();
  if (cut_ == told_of_cut_ || !throttle_.pass("cut", now())) return;
  telemetry::warn(area_, "{} messages did not fit max_message = {}, or the socket, and were cut",
                  cut_ - told_of_cut_, config::to_text(max_message_));
  told_of_cut_ = cut_;
}

void SyslogSink::end() {
  throttle_ = delivery::Throttle();
  tell_of_cuts();
  socket_.reset();
}

Kind syslog_sink() {
  return {{"syslog", "Sends each record to a syslog server as a message.", options}, make};
}

}  // namespace runnel::sinks
