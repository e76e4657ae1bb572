#include <runnel/async/condition.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tuple>

namespace runnel::async {

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);

// A timer for each: it wakes nobody else, needs no allocation, and brings cancellation with it.
struct Condition::Waiter : Link {
  Waiter(Condition& condition, time_point until)
      : Link(condition.waiters_), timer(condition.executor_, until) {}

  asio::steady_timer timer;
};

void Condition::notify() {
  for (auto* link = waiters_.after; link != &waiters_; link = link->after) {
    static_cast<Waiter*>(link)->timer.cancel();
  }
}

awaitable<void> Condition::wait(time_point until) {
  Waiter waiter(*this, until);
  std::ignore = co_await waiter.timer.async_wait(tuple_awaitable);
}

}  // namespace runnel::async
