#include "builtin.hpp"
#include "crash.hpp"
#include "faults.hpp"
#include "notify.hpp"
#include "options.hpp"
#include "reader.hpp"
#include "reload.hpp"
#include "service.hpp"
#include "setup.hpp"
#include "terminal.hpp"

#include <runnel/flow/broken.hpp>
#include <runnel/kafka/embedded_broker.hpp>
#include <runnel/sinks/registry.hpp>
#include <runnel/telemetry/log.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/version.hpp>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <system_error>

namespace runnel::daemon {
namespace {

namespace asio = async::asio;

std::string version_text() {
  using MimallocVersion = int (*)();
  const auto mimalloc = reinterpret_cast<MimallocVersion>(dlsym(RTLD_DEFAULT, "mi_version"));  // NOLINT
  return fmt::format("runneld {}\n{}\nBoost {}.{}.{}\nallocator: {}\n", version, kafka::versions(),
                     BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100,
                     mimalloc != nullptr ? fmt::format("mimalloc {}", mimalloc()) : "the C library's");
}

std::string read_text(const std::string& path) {
  if (path == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    throw config::Error(
        fmt::format("{}: this is a directory, not a configuration; name a file with -c FILE", path));
  std::ifstream file(path);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad())
    throw config::Error(fmt::format("{}: the configuration cannot be read: {}; name another one with -c FILE",
                                    path, std::generic_category().message(errno)));
  return text;
}

config::Config load(const config::Input& input) {
  std::vector<config::SinkKind> kinds;
  for (const auto& kind : sinks::registry()) kinds.push_back(kind.config);
  auto config = config::load(input, kinds);
  telemetry::hide(config::secrets(config));
  return config;
}

config::Config load_demo(const Options& options, const kafka::EmbeddedBroker& broker) {
  config::Input input{std::string(demo_toml), "demo.toml", options.sets};
  input.sets.insert(input.sets.begin(), fmt::format("kafka.bootstrap.servers=\"{}\"", broker.address()));
  return load(input);
}

// systemd 252 hides the unit's credentials from its ExecReload=, so a --check there does without them.
bool credentials_are_hidden() {
  const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory != nullptr && ::access(directory, R_OK | X_OK) != 0 && errno == EACCES;
}

config::Config load_file(const Options& options, const std::string& path) {
  config::Input input{read_text(path), path == "-" ? "standard input" : path, options.sets};
  input.hidden_credentials = options.check && credentials_are_hidden();
  return load(input);
}

// sd-daemon(3): what stderr is, when systemd has connected it to the journal.
bool stderr_is_journal() {
  const char* journal = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (journal == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == journal;
}

telemetry::Level level_of(const Options& options, const std::string& configured) {
  using telemetry::Level;
  const bool set = std::ranges::any_of(
      options.sets, [](const std::string& each) { return each.starts_with("runnel.log_level"); });
  if (configured == "debug" || (options.foreground && !set)) return Level::debug;
  if (configured == "warning") return Level::warning;
  return configured == "error" ? Level::error : Level::info;
}

bool in_foreground(const Options& options) {
  return options.foreground || options.demo;
}

void dress_log(const Options& options, const std::string& configured) {
  auto dress = telemetry::Dress::plain;
  if (stderr_is_journal())
    dress = telemetry::Dress::journal;
  else if (in_foreground(options) && ::isatty(STDERR_FILENO) != 0)
    dress = telemetry::Dress::coloured;
  telemetry::open_log(dress, level_of(options, configured));
}

// A terminal that stdout shares would show the line amid the records.
bool live_status(const Options& options) {
  return options.foreground && ::isatty(STDERR_FILENO) != 0 && ::isatty(STDOUT_FILENO) == 0;
}

class Signals {
 public:
  /// `reload`: null when there is nothing to load anew. `of_terminal`: ends with its terminal.
  Signals(asio::signal_set& set, Service& service, Reload* reload, bool of_terminal, Watchdog& watchdog)
      : set_(set), service_(service), reload_(reload), of_terminal_(of_terminal), watchdog_(watchdog) {
    wait();
  }

 private:
  void wait() {
    set_.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      wait();
      if (signal == SIGHUP && (stopping_ || !of_terminal_ || !terminal_hung_up()))
        reload();
      else
        stop();
    });
  }

  void reload() {
    if (stopping_)
      telemetry::info("reload", "not any more: the process is stopping");
    else if (reload_ != nullptr)
      reload_->ask();
    else
      telemetry::warn("reload",
                      "a configuration that did not come from a file cannot be read again; restart instead");
  }

  void stop() {
    if (!stopping_) {
      stopping_ = true;
      first_ = std::chrono::steady_clock::now();
      service_.stop();
      notify_stopping();
      telemetry::info("runneld", "stopping; a second signal stops at once");
    } else if (std::chrono::steady_clock::now() > first_ + std::chrono::milliseconds(500)) {
      telemetry::warn("runneld", "stopped at once: what was not committed comes again at the next start");
      watchdog_.set_code(flow::exit_unavailable);
      watchdog_.leave();
    }
  }

  asio::signal_set& set_;
  Service& service_;
  Reload* reload_;
  bool of_terminal_;
  Watchdog& watchdog_;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point first_;  // what comes right behind it is the same signal, sent twice
};

// From the first moment on a signal is kept until it is waited for: before its handler is there, SIGHUP
// kills.
struct Loop {
  asio::io_context context{1};
  asio::signal_set signals{context, SIGTERM, SIGINT, SIGHUP};
};

int serve(const Options& options, config::Config config, Loop& loop_and_signals) {
  static Watchdog watchdog;  // its thread may outlive everything else
  auto& [loop, signal_set] = loop_and_signals;
  Service service(loop, std::move(config), {stderr_is_journal(), is_notified(), live_status(options)},
                  watchdog);
  const auto load_again = [&options] {
    auto next = load_file(options, options.config);
    check(next);
    return next;
  };
  const auto taken = [&options](const config::Config& now) {
    telemetry::set_level(level_of(options, now.runnel.log_level));
  };
  Reload reload(loop, service, load_again, taken);
  const bool from_file = !options.demo && options.config != "-";
  const Signals signals(signal_set, service, from_file ? &reload : nullptr, in_foreground(options), watchdog);
  std::optional<Reader> reader;
  if (in_foreground(options))
    reader.emplace(loop.get_executor(), STDOUT_FILENO, [&service] { service.stop(); });
  const Faults faults(loop);
  std::exception_ptr failure;
  const auto ended = [&](std::exception_ptr thrown) {
    failure = thrown;
    loop.stop();
  };
  asio::co_spawn(loop, service.run(), ended);
  asio::post(loop,
             notify_ready);  // once all have begun: a broker that is away is waited for, and holds up nothing
  loop.run();
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      telemetry::error("runneld", "an internal error: {}; please report it", error.what());
    }
    watchdog.set_code(flow::exit_internal);
    watchdog.leave();
  }
  if (!service.clean()) watchdog.leave();
  telemetry::flush_log(std::chrono::milliseconds(500));
  return watchdog.code();
}

// A closed descriptor would become that of the first file or socket, and stderr's lines would go there.
void occupy_standard_descriptors() {
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDONLY);  // so that a write to it fails: no record may vanish there
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) ::close(fd);
}

int print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return 0;
  throw std::system_error(errno, std::generic_category(), "standard output");
}

// The demo writes below the folder that it is started in.
void make_demo_folder() {
  std::error_code error;
  std::filesystem::create_directories("runnel-demo", error);
  if (error || ::access("runnel-demo", W_OK) != 0)
    throw config::Error(
        "the demo writes into ./runnel-demo, which cannot be made or written here; start it in another "
        "directory");
}

// How the running configuration would become this one.
std::string plan_text(const Options& options, const config::Config& config) {
  const auto plan = config::plan(load_file(options, *options.against), config);
  return fmt::format("{}\n", fmt::join(config::to_lines(plan), "\n"));
}

int run(Options options) {
  if (options.help) return print(help());
  if (options.version) return print(version_text());
  occupy_standard_descriptors();
  std::signal(SIGPIPE, SIG_IGN);  // write(2) says it
  std::signal(SIGXFSZ, SIG_IGN);  // the same
  std::optional<kafka::EmbeddedBroker> demo_broker;
  if (options.demo) demo_broker.emplace();
  if (options.config != "-") options.config = std::filesystem::absolute(options.config);
  std::optional<Loop> loop;
  if (!options.dump_config && !options.check) loop.emplace();
  auto config = demo_broker ? load_demo(options, *demo_broker) : load_file(options, options.config);
  if (options.dump_config) return print(config::dump(config));
  check(config);
  if (options.check) return print(summary(config) + (options.against ? plan_text(options, config) : ""));
  if (options.demo) make_demo_folder();
  dress_log(options, config.runnel.log_level);
  if (demo_broker) demo_broker->create_topic("howtousekafka", 1);
  return serve(options, std::move(config), *loop);
}

}  // namespace
}  // namespace runnel::daemon

int main(int argc, char** argv) {
  using namespace runnel;
  daemon::say_why_it_crashes();
  const auto refuse = [](const std::exception& error, int code) {
    std::fprintf(stderr, "runneld: %s\n", telemetry::presentable(error.what()).c_str());
    return code;
  };
  try {
    return daemon::run(daemon::parse_options({argv + 1, argv + argc}, std::getenv("RUNNEL_CONFIG")));
  } catch (const daemon::UsageError& error) {
    return refuse(error, daemon::UsageError::exit_code);
  } catch (const config::Error& error) {
    return refuse(error, flow::exit_configuration);
  } catch (const flow::Broken& error) {
    return refuse(error, error.exit_code);
  } catch (const std::exception& error) {
    return refuse(error, flow::exit_internal);
  }
}
