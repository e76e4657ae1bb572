#include <runnel/delivery/ledger_file.hpp>
#include <runnel/delivery/settle.hpp>
#include <runnel/delivery/settlement.hpp>

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <string>
#include <vector>

// Two hosts that write, checkpoint, die, lose power, lose their sessions and come back, by chance. At the end
// every committed record stands in one file once. A toy: what is decided is the code that ships, the rest is
// as simple as can be.
namespace runnel::delivery {
namespace {

using Row = std::pair<Partition, std::int64_t>;  // a record, one byte long
const Row torn{{}, -1};

const std::vector<Partition> all{{"t", 0}, {"t", 1}, {"t", 2}};

struct Commit {
  std::uint64_t entry = 0;
  Positions positions;
  std::map<Partition, std::string> metadata;
};

struct Group {
  std::map<Partition, Known> known;

  Group() {
    for (const auto& each : all) known[each] = {each, std::nullopt, "", 0, 1 << 30};
  }
  void apply(const Commit& commit) {
    for (const auto& [partition, position] : commit.positions) {
      known[partition].committed = position;
      known[partition].metadata = commit.metadata.at(partition);
    }
  }
  std::vector<Known> look_up() const {
    std::vector<Known> result;
    for (const auto& [partition, each] : known) result.push_back(each);
    return result;
  }
};

struct File {
  std::vector<Row> rows;
  std::size_t synced = 0;
};

struct Host {
  // on its disk
  std::string bytes;
  std::size_t synced = 0;
  std::map<std::string, File> files;
  // in its memory
  bool up = false;
  Ledger ledger{LedgerName()};
  Settlement settlement;
  std::map<Partition, Owners> owners;  // of what is ours and opened
  std::map<Partition, std::int64_t> position;
  std::map<std::string, std::set<Partition>> grown;
  std::set<Partition> wrote;
  std::optional<Commit> late;  // sent, never answered, perhaps still under way
};

struct History {
  std::mt19937 chance;
  bool shared;
  Group group;
  Host hosts[2];

  History(unsigned seed, bool shared_file) : chance(seed), shared(shared_file) {
    for (std::uint64_t i = 0; i < 2; ++i) {
      hosts[i].bytes = to_text(LedgerName{i + 1, "c", "g"});
      hosts[i].synced = hosts[i].bytes.size();
    }
  }

  std::size_t below(std::size_t n) { return chance() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }

  // -- what a host does

  void append(Host& host, const LedgerEntry& entry) {
    host.bytes += to_text(host.ledger.name(), entry);
    host.ledger.add(entry);
  }
  void sync_ledger(Host& host) { host.synced = host.bytes.size(); }

  std::string path(const Partition& partition) {
    const auto generation = below(3);  // as a path with a time in it: some records go into another file
    return (shared ? "f" : "f" + std::to_string(partition.number) + "-") + std::to_string(generation);
  }

  void write(Host& host) {
    if (host.owners.empty()) return;
    const auto partition =
        std::next(host.owners.begin(), static_cast<long>(below(host.owners.size())))->first;
    const auto name = path(partition);
    auto& file = host.files[name];
    if (!host.ledger.knows(name)) {
      auto entry = host.ledger.next();
      entry.files = {{name, file.rows.size(), {partition}}};
      append(host, entry);
      sync_ledger(host);
    }
    for (auto n = 1 + below(3); n > 0; --n) file.rows.push_back({partition, host.position[partition]++});
    host.grown[name].insert(partition);
    host.wrote.insert(partition);
  }

  // False: it died, or was refused.
  bool checkpoint(Host& host, const Opening* opening) {
    for (auto& [name, file] : host.files) file.synced = file.rows.size();
    auto entry = host.ledger.next();
    if (opening != nullptr) entry.places = opening->places;
    // Where files are shared, each commit holds all that is owned: a late one must set back all of them.
    for (const auto& [partition, position] : host.position)
      if (const bool wrote = host.wrote.contains(partition); wrote || (shared && opening == nullptr))
        entry.places.push_back({partition, position, wrote});
    for (const auto& [name, partitions] : host.grown)
      entry.files.push_back({name, host.files[name].rows.size(), {partitions.begin(), partitions.end()}});
    for (const auto& [name, file] : host.ledger.files())
      if (one_in(8) && !host.grown.contains(name) && host.ledger.may_forget(name))
        entry.forgotten.push_back(name);
    append(host, entry);
    if (one_in(12)) return die(host);
    sync_ledger(host);
    host.wrote.clear();
    host.grown.clear();
    return commit(host, entry);
  }

  bool commit(Host& host, const LedgerEntry& entry) {
    Commit commit{entry.sequence, {}, {}};
    for (const auto& [partition, position, wrote] : entry.places) {
      if (!host.owners.contains(partition)) continue;
      commit.positions[partition] = position;
      commit.metadata[partition] =
          to_metadata(with({host.ledger.name().id, entry.sequence}, host.owners[partition]));
    }
    host.settlement.handed_over();
    if (one_in(12)) return die(host);
    if (one_in(8)) {  // no answer: whether it is applied now, later or never, it is sent again
      if (one_in(2)) group.apply(commit);
      host.late = commit;
      host.ledger.unanswered(commit.entry);
      host.settlement.answered(AfterCommit::again);
      if (one_in(4)) return die(host);
      host.settlement.handed_over();
    }
    group.apply(commit);
    if (one_in(12)) return die(host);
    host.ledger.answered(commit.entry);
    host.settlement.answered(AfterCommit::go_on);
    if (one_in(6)) {
      host.bytes = written_anew(host.ledger);
      sync_ledger(host);
    }
    return true;
  }

  bool die(Host& host) {
    const bool power = one_in(2);
    for (auto& [name, file] : host.files) {
      const auto unsynced = file.rows.size() - file.synced;
      if (power) file.rows.resize(file.synced + below(unsynced + 1));
      if (unsynced > 0 && one_in(3)) file.rows.push_back(torn);
      file.synced = file.rows.size();
    }
    if (power && host.synced < host.bytes.size()) {
      host.bytes.resize(host.synced + below(host.bytes.size() - host.synced));
      if (one_in(2)) host.bytes += std::string(below(200), '\0') + "entry 9";
    }
    Host left;
    left.bytes = host.bytes;
    left.synced = host.bytes.size();
    left.files = host.files;
    left.late = host.late;
    host = left;
    return false;
  }

  void start(Host& host) {
    auto replayed = replay(host.bytes);
    ASSERT_LE(replayed.outcome, Replayed::torn) << replayed.why;
    host.bytes.resize(replayed.end);
    sync_ledger(host);
    host.ledger = replayed.ledger;
    host.up = true;
  }

  // -- the group

  void rebalance() {
    for (auto& host : hosts) {
      if (!host.up) continue;
      if (!host.settlement.must_settle() && !one_in(4)) {
        if (checkpoint(host, nullptr)) host.settlement.gave_up(true);
      } else {
        host.settlement.lost();  // what it wrote and was not committed is in doubt
      }
    }
    for (auto& host : hosts) host.late.reset();  // of a generation that is over
    std::vector<Partition> assigned[2];
    for (const auto& partition : all) {
      const auto to = hosts[0].up && hosts[1].up ? below(2) : hosts[0].up ? 0 : 1;
      if (hosts[to].up) assigned[to].push_back(partition);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      auto& host = hosts[i];
      if (!host.up) continue;
      host.owners.clear();
      host.position.clear();
      host.wrote.clear();
      host.grown.clear();
      const auto known = group.look_up();
      if (host.settlement.must_settle())
        settles(host, assigned[i], known);
      else
        opens(host, open(host.ledger, Reset::earliest, assigned[i], known));
    }
  }

  void settles(Host& host, const std::vector<Partition>& assigned, const std::vector<Known>& known) {
    const auto settled = settle(host.ledger, Reset::earliest, assigned, known);
    EXPECT_TRUE(settled.doubts.empty() && settled.behind.empty() && settled.gone.empty());
    for (const auto& [name, length, partitions] : settled.cuts) {
      auto& file = host.files[name];
      EXPECT_GE(file.rows.size(), length) << name;
      file.rows.resize(length);
      file.synced = length;
    }
    append(host, settled.entry);
    if (one_in(12)) {
      die(host);
      return;
    }
    sync_ledger(host);
    host.settlement.settled();
    host.owners = settled.opening.owners;
    host.position = settled.opening.beginning.read;
    commit(host, settled.entry);
  }

  void opens(Host& host, const Opening& opening) {
    host.owners = opening.owners;
    host.position = opening.beginning.read;
    checkpoint(host, &opening);
  }

  void step() {
    auto& host = hosts[below(2)];
    if (!host.up) {
      if (one_in(3)) {
        start(host);
        rebalance();
      }
    } else if (one_in(40)) {
      die(host);
    } else if (one_in(40)) {
      rebalance();
    } else if (host.late && one_in(6)) {
      group.apply(*host.late);
      host.late.reset();
    } else if (one_in(4)) {
      checkpoint(host, nullptr);
    } else {
      write(host);
    }
  }

  // Everybody comes back until nobody dies on the way.
  void ends() {
    for (auto& host : hosts) die(host);
    do {
      for (auto& host : hosts)
        if (!host.up) start(host);
      rebalance();
    } while (!hosts[0].up || !hosts[1].up);
    std::map<Row, int> times;
    for (const auto& host : hosts)
      for (const auto& [name, file] : host.files)
        for (const auto& row : file.rows) ++times[row];
    EXPECT_FALSE(times.contains(torn));
    std::size_t committed = 0;
    for (const auto& [partition, known] : group.known) {
      for (std::int64_t offset = 0; offset < known.committed.value_or(0); ++offset)
        EXPECT_EQ((times[{partition, offset}]), 1) << partition.number << " at " << offset;
      committed += static_cast<std::size_t>(known.committed.value_or(0));
    }
    EXPECT_EQ(times.size(), committed) << "more than what is committed stands in the files";
  }
};

void every_committed_record_stands_once(bool shared) {
  for (unsigned seed = 1; seed <= 50 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed, shared);
    for (int i = 0; i < 300; ++i) history.step();
    history.ends();
  }
}

TEST(LedgerHistory, every_committed_record_stands_once_with_a_file_per_partition) {
  every_committed_record_stands_once(false);
}

TEST(LedgerHistory, every_committed_record_stands_once_in_shared_files) {
  every_committed_record_stands_once(true);
}

}  // namespace
}  // namespace runnel::delivery
