#pragma once

#include "answers.hpp"
#include "errands.hpp"

#include <runnel/disk/ledger_file.hpp>
#include <runnel/flow/broken.hpp>

#include <cerrno>
#include <string>
#include <utility>

namespace runnel::sinks {

/// A call on files: what the file system refuses is an outcome; what only somebody else can mend ends the
/// process.
template <class Work>
Errands::Call attempt(Work work) {
  return [work = std::move(work)]() -> flow::Delivered {
    try {
      return work();
    } catch (const disk::Locked& error) {
      throw flow::Broken(error.what(), flow::exit_lock_held);
    } catch (const disk::LedgerRefused& error) {
      throw flow::Broken(error.what(), flow::exit_configuration);
    } catch (const disk::Error& error) {
      auto result = failed(error.what());
      result.no_descriptor = error.number == EMFILE || error.number == ENFILE;
      if (result.no_descriptor) result.reason += "; raise LimitNOFILE= of the unit, or ulimit -n";
      return result;
    }
  };
}

}  // namespace runnel::sinks
