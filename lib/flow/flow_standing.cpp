// Where a flow stands: what it waits for, and what is in the way.
#include <runnel/flow/flow.hpp>

#include <algorithm>

namespace runnel::flow {

delivery::Standing Flow::standing() const {
  delivery::Standing result{steps_, {}};
  for (const auto* wait : waits_) result.waits.push_back(wait->describe());
  return result;
}

Flow::Waiting::Waiting(Flow& flow, For what, time_point until, const NamedSink* sink)
    : flow_(flow), what_(what), since_(flow.clock_.now()), until_(until), sink_(sink) {
  flow_.waits_.push_back(this);
}

Flow::Waiting::~Waiting() {
  flow_.waits_.erase(std::ranges::find(flow_.waits_, this));
  ++flow_.steps_;
}

delivery::Wait Flow::Waiting::describe() const {
  delivery::Wait wait{.what = {}, .why = {}, .until = until_, .since = since_};
  if (what_ != for_event) wait.until = std::min(until_, flow_.hurry_->at());
  switch (what_) {
    case for_event:
      describe_event(wait);
      break;
    case for_answer:
      wait.what = "the answer to a commit";
      break;
    case for_beginning:
      wait.what = "the brokers to say where to begin";
      break;
    case for_sink:
      wait.what = sink_->label();
      wait.why = sink_->trouble;
      break;
  }
  if (what_ != for_sink && wait.why.empty()) wait.why = flow_.source_->trouble();
  return wait;
}

// It returns now and then whatever comes, so its own beginning says nothing.
void Flow::Waiting::describe_event(delivery::Wait& wait) const {
  wait.until = std::min(until_, since_ + longest_silence);
  wait.since = time_point::min();
  const bool has_partitions = !flow_.progress_.positions().empty();
  if (flow_.stop_at_) {
    wait.what = "the group to let it go";
  } else if (!has_partitions || flow_.progress_.refused()) {
    wait.what = "partitions from the group";
  } else if (flow_.unsure_) {
    wait.what = flow_.unsure_->sink;
    wait.why = flow_.unsure_->why;
  } else if (!flow_.progress_.may_read(flow_.clock_.now())) {
    wait.what = "the answer to a commit";
  } else {
    wait.what = "records";
  }
  wait.idle = wait.what == "records";
}

}  // namespace runnel::flow
