#include "errands.hpp"

#include "answers.hpp"

#include <utility>

namespace runnel::sinks {

using async::awaitable;

awaitable<bool> Errands::ended(flow::Hurry& hurry) {
  const flow::Hurry::Listen listen(hurry, job_->changed);
  while (!job_->done() && clock_.now() < hurry.at()) co_await clock_.wait(job_->changed, hurry.at());
  co_return job_->done();
}

awaitable<bool> Errands::idle(flow::Hurry& hurry) {
  if (!job_) co_return true;
  const bool over = co_await ended(hurry);
  if (!over) co_return false;
  // Its result was for somebody who has stopped waiting; a failure that ends the process is for anybody.
  std::exchange(job_, nullptr)->take();
  co_return true;
}

awaitable<flow::Delivered> Errands::run(Call call, flow::Hurry& hurry) {
  const bool free = co_await idle(hurry);
  if (!free) co_return late();
  given_up_ = false;
  job_ = worker_.start(std::move(call));
  const bool over = co_await ended(hurry);
  if (!over) {
    given_up_ = true;
    co_return late();
  }
  auto result = std::exchange(job_, nullptr)->take();
  if (result.no_descriptor && descriptors_ != nullptr) descriptors_->make_room();
  co_return result;
}

}  // namespace runnel::sinks
