#include "reload.hpp"

#include "notify.hpp"

#include <runnel/config/plan.hpp>
#include <runnel/telemetry/log.hpp>

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <string>
#include <utility>

namespace runnel::daemon {

Reload::Reload(async::asio::io_context& loop, Service& service, std::function<config::Config()> load,
               std::function<void(const config::Config&)> taken)
    : loop_(loop),
      service_(service),
      load_(std::move(load)),
      taken_(std::move(taken)),
      worker_(loop.get_executor()) {}

void Reload::ask() {
  asked_ = true;
  if (std::exchange(under_way_, true)) return;
  async::asio::co_spawn(loop_, serve(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
}

async::awaitable<void> Reload::serve() {
  while (std::exchange(asked_, false)) co_await reload();
  under_way_ = false;
}

async::awaitable<void> Reload::reload() {
  notify_reloading();
  std::string trouble;
  try {
    auto next = co_await worker_.run(load_);
    const auto plan = config::plan(service_.config(), next);
    for (const auto& line : config::to_lines(plan)) telemetry::info("reload", "{}", line);
    co_await service_.take(std::move(next), plan);
    taken_(service_.config());
    telemetry::info("reload", "done");
  } catch (const std::exception& error) {
    trouble = error.what();
  }
  if (!trouble.empty()) telemetry::error("reload", "nothing has changed: {}", trouble);
  service_.refused(telemetry::presentable(trouble));
  notify_ready();
}

}  // namespace runnel::daemon
