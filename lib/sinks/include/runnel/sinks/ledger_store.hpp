#pragma once

#include <runnel/disk/disk.hpp>
#include <runnel/flow/clock.hpp>
#include <runnel/flow/ledger_store.hpp>

#include <memory>
#include <string>

namespace runnel::sinks {

class Descriptors;

struct LedgerStoreParams {
  std::string flow;   // of the [consumer.NAME]
  std::string group;  // its kafka.group.id
  std::string state_dir;
  async::asio::any_io_executor errands = {};  // as of a sink's Context
  Descriptors* descriptors = nullptr;
};

/// The ledger of a flow whose sinks write files, in a file of its own. Clock, loop and disk outlive it.
std::unique_ptr<flow::LedgerStore> make_ledger_store(LedgerStoreParams params,
                                                     const async::asio::any_io_executor& loop,
                                                     flow::Clock& clock,
                                                     disk::Disk& disk = disk::real_disk());

}  // namespace runnel::sinks
