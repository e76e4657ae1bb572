#pragma once

namespace runnel::delivery {

/// What the answer to a commit asks for.
enum class AfterCommit {
  go_on,            // it counts
  again,            // the same commit again: it may or may not have been applied
  anew,             // it was never sent: a new one, of what is known by now
  wait_for_change,  // refused, not lost: read nothing until the next change of assignment
  stop,             // no later commit will do better: stop loudly
};

/// `code`: 0, a positive error code of the Kafka protocol, or a negative one of librdkafka's own.
AfterCommit after_commit(int code);

}  // namespace runnel::delivery
