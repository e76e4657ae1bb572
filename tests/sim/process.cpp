#include "process.hpp"

#include "sinks/file.hpp"

#include <runnel/flow/broken.hpp>
#include <runnel/sinks/ledger_store.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace runnel::sim {

namespace asio = async::asio;

namespace {

std::string path_of(Layout layout, const std::string& directory) {
  switch (layout) {
    case Layout::file_per_partition:
      return directory + "/{topic}/{partition}.log";
    case Layout::two_files_by_time:
      return directory + "/{utc:%M}/{partition}.log";
    case Layout::one_file:
      return directory + "/all.log";
  }
  return directory;
}

}  // namespace

Life::Life(const Surroundings& around, std::string name)
    : name_(std::move(name)), dice_(around.dice), mount_(around.machine, around.dice) {
  const auto loop = loop_.get_executor();
  mount_.faults = around.plan.disk;
  mount_.told = [this, &diary = around.diary](const char* call, const std::string& path) {
    diary.write("{}: {} {}", name_, call, path);
  };
  mount_.died = [this] { die(); };
  parts_ = parts_of(around.mutation, mount_);

  descriptors_.share(around.plan.open_files);
  flow::FlowParams params;
  std::vector<flow::NamedSink> sinks;
  for (int i = 0; i < around.plan.sinks; ++i) {
    sinks::FileOptions options;
    options.path = path_of(around.plan.layout, "/" + name_ + "/sink" + std::to_string(i));
    params.shares_files = options.shares_files();
    const sinks::Context context{"files", "flow", loop, around.clock, new_worker(), &descriptors_};
    sinks.push_back(
        {"files", std::make_unique<sinks::FileSink>(options, context, *parts_.disk, around.plan.idle)});
  }
  auto store =
      sinks::make_ledger_store({"flow", "group", "/" + name_ + "/state", new_worker(), &descriptors_}, loop,
                               around.clock, *parts_.disk);
  auto member = std::make_unique<Member>(around.broker, around.dice, around.clock, around.diary, loop);
  member_ = member.get();
  params.name = name_;
  params.reset = delivery::Reset::earliest;
  params.checkpoint = {.interval = around.plan.interval, .bytes = 2'000};
  params.drain = around.plan.drain;
  auto* ledger = store.get();
  flow_ = std::make_unique<flow::Flow>(loop, std::move(params), parts_.source(std::move(member), ledger),
                                       std::move(sinks), around.clock, parts_.store(std::move(store)));
  asio::co_spawn(loop_, live(),
                 asio::bind_cancellation_slot(cancel_.slot(), [this](std::exception_ptr failure) {
                   ended_ = true;
                   if (failure) failure_ = failure;
                 }));
}

// Shielded at its end, as every task of async::Group is: a cancellation that comes when all is done is void.
async::awaitable<void> Life::live() {
  try {
    end_ = co_await flow_->run();
  } catch (...) {
    failure_ = std::current_exception();
  }
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
}

asio::any_io_executor Life::new_worker() {
  return workers_.emplace_back().calls.get_executor();
}

bool Life::inside_call() const {
  return std::ranges::any_of(workers_, &Worker::inside);
}

bool Life::step() {
  const bool worker_first = dice_.chance(5'000);
  if (worker_first && run_worker()) return true;
  loop_.restart();
  if (loop_.poll_one() > 0) return true;
  return !worker_first && run_worker();
}

bool Life::run_worker() {
  for (auto& worker : workers_) {
    if (worker.inside) continue;
    worker.inside = true;
    worker.calls.restart();
    const bool ran = worker.calls.poll_one() > 0;
    worker.inside = false;
    if (ran) return true;
  }
  return false;
}

void Life::die() {
  mount_.die();
  member_->die();
}

void Life::bury() {
  die();
  // On the loop: elsewhere Asio 1.81 posts it, with a pointer that may be stale by then.
  asio::post(loop_, [this] {
    if (!ended_) cancel_.emit(asio::cancellation_type::terminal);
  });
  while (step()) {
  }
  if (!ended_) throw std::logic_error(name_ + " waits on although it was cancelled");
  flow_.reset();
  member_ = nullptr;
}

std::optional<std::string> Life::failure() const {
  if (!failure_) return std::nullopt;
  try {
    std::rethrow_exception(failure_);
  } catch (const flow::Broken& error) {
    return "exit code " + std::to_string(error.exit_code) + ": " + error.what();
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace runnel::sim
