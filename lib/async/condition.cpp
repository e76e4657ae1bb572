#include <runnel/async/condition.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <tuple>

namespace runnel::async {

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);

awaitable<void> Condition::wait() {
  std::ignore = co_await timer_.async_wait(tuple_awaitable);
}

awaitable<void> Condition::wait(time_point until) {
  if (until == time_point::max()) {
    co_await wait();
    co_return;
  }
  // The handler may run after this frame is gone, so what it refers to is shared (a cancelled timer's handler
  // can still succeed).
  auto alive = std::make_shared<Condition*>(this);
  asio::steady_timer deadline(timer_.get_executor(), until);
  deadline.async_wait([alive](boost::system::error_code error) {
    if (!error && *alive != nullptr) (*alive)->notify();
  });
  struct Disarm {
    Condition*& target;
    ~Disarm() { target = nullptr; }
  } disarm{*alive};
  co_await wait();
}

}  // namespace runnel::async
